"""Measures how fresh answers are at the platforms' rate limits, against what those limits permit."""
