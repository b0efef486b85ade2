"""`python -m lightning_modules` is `zsar`."""

import sys

from lightning_modules.cli import main

sys.exit(main())
