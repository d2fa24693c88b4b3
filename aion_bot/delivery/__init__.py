"""Making a thread show what it should.

What a thread should show is a value, the `Screen`, which a view computes from events. What it shows now is another,
which `diff.MessageDiff` keeps. Their difference gives the next single operation:

- `sync.MessageSync` repeats this until the last screen is shown, with one operation in flight, and `outage.Outage`
  has its pauses while the platform is down;
- `steps` has the operations;
- `strategy` decides between edits and native streams, and which permit an operation needs;
- `executor.Executor` performs the operation and records in the diff what came of it, and the module recognises messages
  that an earlier process posted;
- `thread.Thread` binds a thread to its adapter and limiter, and the module strikes secrets out of what a platform is
  asked to show;
- `registry.Registry` makes sure that one sync at most shows a message.
"""
