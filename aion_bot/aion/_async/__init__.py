"""The asynchronous client. `scripts/unasync.py` makes the synchronous one, `_sync`, from these files."""
