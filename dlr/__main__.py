"""``python -m dlr`` does what ``dlr`` does."""

from dlr.cli import main

if __name__ == "__main__":
    main()
