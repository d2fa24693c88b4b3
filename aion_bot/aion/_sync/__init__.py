# Generated from aion_bot/aion/_async/__init__.py by scripts/unasync.py. Do not edit: run `make sync-client`.
"""The synchronous client."""
