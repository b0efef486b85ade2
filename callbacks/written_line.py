"""The line that says what was written: "wrote runs/t2l/results.json"; none for what a dry run throws away."""

from __future__ import annotations

from pathlib import Path

from lightning_modules.dry_runs import is_thrown_away
from zsar.runtime.terminal import say


def say_written(path: Path, what: str = "") -> None:
    """Tells the user of a file that will be there.

    Args:
        path: The file or folder.
        what: What of it, before its name: "3 of 4 pictures into".
    """
    if not is_thrown_away(path):
        say(" ".join(part for part in ("wrote", what, str(path)) if part))
