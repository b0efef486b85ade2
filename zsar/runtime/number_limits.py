"""The most that a setting may ask for, where memory, processes or time grow with it.

They are far above what any published method uses. A slip or a hostile file that asks for 10^8 frames is told so at
once, before anything is taken.
"""

from __future__ import annotations

MOST_FRAMES_PER_VIEW = 4_096
MOST_IMAGE_SIDE_PX = 4_096
MOST_VIEWS = 4_096
MOST_VIDEOS_PER_BATCH = 65_536
MOST_PROCESSES = 1_024
MOST_RENDERED_VIDEOS = 100_000


def check_most(most: int, **values: int | None) -> None:
    """Checks that numbers do not exceed a limit.

    Args:
        most: The largest that is accepted.
        values: The numbers by the names of their settings; None for one that is not set.

    Raises:
        ValueError: One exceeds it; the message says which.
    """
    for name, value in values.items():
        if value is not None and value > most:
            raise ValueError(f"{name} must be at most {most:,}; got {value}")
