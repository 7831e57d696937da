"""`python -m lrlab` is `lrlab`."""

from lrlab.cli.app import main

if __name__ == "__main__":
    main()
