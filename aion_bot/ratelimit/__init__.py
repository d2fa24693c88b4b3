"""Rate limits: who may send which request when, and how many were sent. Everything but `limiter` is free of I/O.

A platform documents *budgets*: so many requests of one kind in so many seconds, for everything in one *scope* (a
channel, a workspace, the bot). `ports.rate_limits` has them as data. The theory in one page:

**Schedule at the operation, count at the wire.** The core asks for a *permit* before each operation (a post, an edit).
The `Scheduler` issues it once every budget of the operation has room, and counts the operation as begun there. The
adapter then reports every physical request. A request uses up what the permit of its operation has paid for; any other
(a look-up inside a post, the second request of an edit, a request without a permit, such as reading what was missed)
is counted besides, so that what follows waits for it. What a permit has paid for and no request used is given back.
`accounting` has the rules.

**A sliding window per budget and scope.** The platform counts a request somewhere between its beginning and its answer. A
`SlidingWindow` counts it for the whole of that time and `seconds` more, so that no clock of the platform's own sees more
requests in a window than this one does. A refusal (429) lowers what the limit is taken to be; a quiet minute raises it again.
Above the *probe threshold* requests go one at a time, so that a limit which is lower than documented costs one refusal and not
many. The ends of answers would be late by that: where several come together, each time one more may go than were taken above
the threshold, up to a number that the budget names: with two at a time, twenty take seven round trips. A limit of half the size
still costs one refusal. After any refusal below what is documented, the ends in all limits of that workspace go one at a time
(`caution`): whoever uses a part of one uses the others too. `taken` is what limits took at most; storage keeps it, so that the
next process need not find it out.

A budget with a *burst* is a bucket (`bursts`): requests leave its window one after the other.

**What is minimised.** Staleness: for how long what Aion said stands unseen, summed over all characters, in expectation,
as nobody knows how long an answer goes on. An answer of which `n` previews a second are shown is `1/2n` seconds stale on
average. Of `S` answers each runs on at a later moment `s` with a probability; let `A(s)` be how many are expected to, with
those that will have begun. If each gets `n(s)` previews a second, the expected sum is `∫ A(s) / 2n(s) ds`, and
`∫ A(s) n(s) ds` previews are expected to be used. Under any number of previews the first is least where
`1 / 2n(s)²` is the same at all moments: each running answer gets the **same pace, now and later** (its marginal value,
`1/2n²`, is what a preview costs). So what is free is not spread over the window but over the expected time that answers
go on, `M(t) = ∫ A(s) ds / S` up to `t`: the pace of all is the greatest `r` with `r · M(t)` at most what is free by `t`, for each
`t` at which requests come back (`SlidingWindow.rate`). It is worked out anew at each look, so that what is learned
meanwhile, such as an end, or that an answer has become old, counts at once. No constant of it is fitted to a load.

**How long answers go on.** `lengths.AnswerLengths` has the distribution: a weak log-normal prior, and a histogram of this
deployment's finished answers, which storage keeps. What is left of an answer of age `a` within `t` is
`∫ G(a+s)/G(a) ds` with the share `G` of longer answers. The prior's tail is heavy: an old answer is expected to go on for
long. `outlook.Outlook` sums this over the answers of a limit, and adds those that come as often as in the last three windows.

**Who is next.** All answers grow alike, as far as anybody knows, so that of two the one that was unseen for longer gains
more by being shown: a permit goes to it. A permit is for whatever is newest when it is issued: a slow platform gets fewer
and larger edits.

**Who sees nothing.** The first message of an answer whose question has no other sign goes before those whose question
has one. A sign is taken at once or not at all (`Limiter.take`): it waits behind nothing, so that another kind can be tried.

**What is reserved.** Each answer that shows a growing message has a *reservation* of one request for its end. Previews never
use what is reserved, nor the *headroom* of a budget. Where posts and edits share a limit, a second request is reserved near a
page break (`delivery.strategy.NEARLY_FULL`), as the end may come right behind it. A message that would grow is posted only once its end
can be reserved too, in what is free or comes back before hardly an answer ends; until then it may still turn out to be one post
with the whole answer. Where there are fewer edits than ends, a deletion is reserved instead (`delivery.replacement`): the whole
answer takes the place of the message that grew. Where people see no other sign it is posted after `tuning.RESERVATION_PATIENCE`
seconds. A limit in which permits wait is *saturated*.

Models: python-telegram-bot's `BaseRateLimiter`, which wraps each request, and hikari's buckets. Both send what was
queued first; here the queue is ordered by what helps readers most. `benchmarks/grid` and `benchmarks/relay` measure the
result against the best that the limits permit.
"""
