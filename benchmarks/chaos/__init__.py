"""A seeded soak of the whole bot against the simulators: `python -m benchmarks.chaos --seed N`."""
