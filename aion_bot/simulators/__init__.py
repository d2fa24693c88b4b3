"""Aion, Slack and Discord on loopback, used by the demo, the tests and the benchmarks."""
