"""The message about damaged frames that `--on_damage accept` accepted."""

from __future__ import annotations

from collections.abc import Sequence


def accepted_damage(n_frames: Sequence[int]) -> str:
    """One line about damaged frames that were accepted.

    Args:
        n_frames: Number in each video; 0 for an undamaged one.
    """
    n_videos = sum(n > 0 for n in n_frames)
    return (
        f"{sum(n_frames)} damaged frame{'' if sum(n_frames) == 1 else 's'} of {n_videos} "
        f"video{'' if n_videos == 1 else 's'} accepted, as --on_damage says"
    )
