"""Measures CPU, memory and growth of the whole bot, with the processes that it measures: `python -m benchmarks.cost`."""
