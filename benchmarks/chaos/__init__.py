"""A seeded soak test of the whole bot against the simulators: `python -m benchmarks.chaos --seed N`."""
