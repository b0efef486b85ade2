"""Messages of callbacks at the end: files written, unless a dry run discards them, and accepted damage."""

from __future__ import annotations

from pathlib import Path

from zsar.lightning_modules.run_folders.dry_runs import is_thrown_away
from zsar.runtime.terminal import say


def say_accepted_damage(n_frames: int) -> None:
    """Reports the damaged frames that a run accepted, if any."""
    if n_frames:
        say(f"{n_frames} damaged frame{'' if n_frames == 1 else 's'} accepted, as set by on_damage")


def say_written(path: Path, what: str = "") -> None:
    """Reports a written file.

    Args:
        path: The file or folder.
        what: Text before its name: "3 of 4 pictures into".
    """
    if not is_thrown_away(path):
        say(" ".join(part for part in ("wrote", what, str(path)) if part))
