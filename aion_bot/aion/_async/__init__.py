"""The asynchronous client."""

# async-only: begin
# `scripts/unasync.py` generates `_sync`, the synchronous client, from the files of this package (`make sync-client`).
# It leaves out what stands between markers like these two. A test and `make check` say which file is not current.
# async-only: end
