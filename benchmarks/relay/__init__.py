"""How fresh answers are at the limits of the platforms, against what those limits permit."""
