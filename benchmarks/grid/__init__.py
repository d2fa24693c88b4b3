"""How fresh answers are over a grid of lengths, crowds and arrivals, in virtual time: `python -m benchmarks.grid`."""
