"""Making a thread show what it should: the diff, the delivery mode, and the task that performs one call at a time."""
