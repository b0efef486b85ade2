"""`python -m zsar` is `zsar`."""

import sys

from zsar.lightning_modules.command_line.cli import main

if __name__ == "__main__":
    sys.exit(main())
