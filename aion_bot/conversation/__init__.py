"""What the bot does with a question and with a plan, one behaviour per module."""
