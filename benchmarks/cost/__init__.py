"""What `benchmarks.cost` measures, and the processes that it measures in."""
