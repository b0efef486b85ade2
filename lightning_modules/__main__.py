"""`python -m lightning_modules` is `zsar`."""

import sys

from lightning_modules.cli import main

if __name__ == "__main__":
    sys.exit(main())
