"""Rate limits: who may send which request when, and how many were sent. Everything but `limiter` is free of I/O.

A platform documents *budgets*: so many requests of one kind in so many seconds, for everything in one *scope* (a
channel, a workspace, the bot). `ports.rate_limits` has them as data. The theory in one page:

**Schedule at the operation, count at the wire.** The core asks for a *permit* before each operation (a post, an edit).
The `Scheduler` issues it once every budget of the operation has room, and counts the operation as begun there. The
adapter then reports every physical request. A request uses up what the permit of its operation has paid for; any other
(a look-up inside a post, the second request of an edit, a request without a permit, such as reading what was missed)
is counted besides, so that what follows waits for it. What a permit has paid for and no request used is given back.
`accounting` has the rules.

**A sliding window per budget and scope.** The platform counts a request somewhere between its beginning and its
answer. A `SlidingWindow` counts it for the whole of that time and `seconds` more, so that no clock of the platform's
own sees more requests in a window than this one does. A refusal (429) lowers what the limit is taken to be; a quiet
minute raises it again. Above the *probe threshold* requests go one at a time, so that a limit which is lower than
documented costs one refusal and not many.

**What is minimised.** Staleness: for how long what Aion said stands unseen, summed over all answers. An answer of which
`n` previews a second are shown is `1/2n` seconds stale on average. With `R` previews a second for `S` answers the sum
is least if all get the same, `S/2R` each. So a permit goes to whoever has waited longest with something new, and
permits are spread evenly over the time in which requests come back. A permit is for whatever is newest
when it is issued: a slow platform gets fewer and larger edits.

**Who sees nothing.** The first message of an answer whose question has no other sign goes before those whose question
has one. A sign is taken at once or not at all (`Limiter.take`): it waits behind nothing, so that another kind can be tried.

**What is reserved.** Each answer that shows a growing message has a *reservation* of one request for its end. Previews
never use what is reserved, nor the *headroom* of a budget. A message that would grow is posted only once its end can
be reserved too, or after `tuning.RESERVATION_PATIENCE` seconds: until then it may still turn out to be one post with
the whole answer. A limit in which permits wait is *saturated*.

**Young and old.** Nobody knows how long an answer will be. A young one is taken to be short: what is free is spread
over little more than its youth (`tuning.YOUNG_FRACTION` of the window). An old one is taken to go on: it gets the pace
that can be kept for a whole window.

Models: python-telegram-bot's `BaseRateLimiter`, which wraps each request, and hikari's buckets. Both send what was
queued first; here the queue is ordered by what helps readers most. `benchmarks/relay` measures the result against the
best that the limits permit.
"""
