"""Limits of numbers, above all upper ones of settings that increase memory, processes or time.

They are far above the values of any published method. A typo or a malicious file that requests 10^8 frames is rejected
at once, before anything is allocated.
"""

from __future__ import annotations

MOST_FRAMES_PER_VIEW = 4_096
MOST_IMAGE_SIDE_PX = 4_096
MOST_VIEWS = 4_096
MOST_VIDEOS_PER_BATCH = 65_536
MOST_PROCESSES = 1_024
MOST_RENDERED_VIDEOS = 100_000
LARGEST_SEED = 2**32 - 1  # that NumPy accepts


def check_most(most: int, **values: int | None) -> None:
    """Checks that numbers do not exceed a limit.

    Args:
        most: The largest accepted number.
        values: Name of the setting -> number; None if not set.

    Raises:
        ValueError: A number exceeds the limit; the message names its setting.
    """
    for name, value in values.items():
        if value is not None and value > most:
            raise ValueError(f"{name} must be at most {most:,}; got {value}")


def check_least(least: int, **values: int | None) -> None:
    """Checks that numbers are not too small.

    Args:
        least: The smallest accepted number.
        values: Name of the setting -> number; None if not set.

    Raises:
        ValueError: A number is smaller; the message names its setting.
    """
    for name, value in values.items():
        if value is not None and value < least:
            raise ValueError(f"{name} must be at least {least}; got {value}")


def check_seed(seed: int) -> None:
    """Checks a random seed, as the command line does.

    Args:
        seed: The seed.

    Raises:
        ValueError: It is no whole number from 0 to `LARGEST_SEED`.
    """
    if not isinstance(seed, int) or not 0 <= seed <= LARGEST_SEED:
        raise ValueError(f"seed must be a whole number from 0 to {LARGEST_SEED:,}; got {seed!r}")
