"""How soon each of many questions at once has a sign of life; run it with `python -m benchmarks.signs`."""
