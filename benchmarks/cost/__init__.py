"""What `benchmarks/cost.py` measures, and the processes that it measures in."""
