"""Simulated Aion, Slack and Discord on loopback, for the demo, the tests and the benchmarks."""
