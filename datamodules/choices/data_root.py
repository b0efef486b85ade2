"""Where data sets lie unless a setting says otherwise."""

from __future__ import annotations

import os
from pathlib import Path


def default_data_root() -> Path:
    """The folder that holds all data sets: $ZSAR_DATA, or `data` in the working directory."""
    return Path(os.environ.get("ZSAR_DATA", "data")).expanduser()
