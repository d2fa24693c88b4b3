"""What the bot does, one behaviour a file. None imports another."""
