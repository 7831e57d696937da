"""`python get_from.py URL SUMS ARGUMENTS...`: the command line, with KMNIST at a server of our own."""

import json
import sys

from torchvision.datasets import KMNIST

from lrlab.cli.app import main

if __name__ == "__main__":
    KMNIST.mirrors = [sys.argv[1]]
    KMNIST.resources = list(json.loads(sys.argv[2]).items())
    main(sys.argv[3:])
