"""`python -m aion_bot` is the same program as `aion-bot`."""

from aion_bot.cli import main

if __name__ == "__main__":
    main()
