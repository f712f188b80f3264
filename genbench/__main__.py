"""`python -m genbench`, for where no script is on the path."""

from genbench.cli import main

if __name__ == "__main__":  # the ranks of a trial import this module again
    main()
