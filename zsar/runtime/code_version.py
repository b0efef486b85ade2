"""The version of the running code: the commit of its checkout, or the installed version."""

from __future__ import annotations

import functools
import importlib.metadata
import subprocess
from pathlib import Path

__version__: str = importlib.metadata.version("zsar")


@functools.cache
def code_version() -> str:
    """Commit of the checkout that the code runs from, marked if files differ; else the package version."""
    installed = f"zsar {__version__}"
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return installed
    described = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        commit = subprocess.run(described, capture_output=True, text=True, check=False)
    except OSError:  # no git on this machine
        return installed
    return commit.stdout.strip() or installed
