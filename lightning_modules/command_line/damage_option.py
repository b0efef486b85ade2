"""The option of all commands that read videos: what is done with damaged frames."""

from __future__ import annotations

import argparse
from collections.abc import Sequence


def add_damage_option(parser: argparse._ActionsContainer) -> None:
    """Adds `--on-damage` to a parser, or to a group of its options."""
    parser.add_argument(
        "--on-damage",
        choices=("raise", "accept"),
        default="raise",
        help='frames that the decoder flags as damaged: "raise" makes their video one that cannot be decoded, "accept" '
        "takes them as the decoder makes them up and counts them (default: %(default)s)",
    )


def accepted_damage(n_frames: Sequence[int]) -> str:
    """One line about damaged frames that were accepted.

    Args:
        n_frames: How many in each video; 0 for a sound one.
    """
    n_videos = sum(n > 0 for n in n_frames)
    return (
        f"{sum(n_frames)} damaged frame{'' if sum(n_frames) == 1 else 's'} of {n_videos} "
        f"video{'' if n_videos == 1 else 's'} accepted, as --on-damage says"
    )
