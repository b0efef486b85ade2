"""The command that makes an older file of features or captions again, with the settings that it states."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

VIDEOS = "VIDEOS"
"""The place for the videos, whose folder a stored file does not know."""
_LONGEST_VALUE = 200  # characters of a value in a command


def command_for(path: Path, stated: Mapping[str, object], *, captions: bool = False) -> str:
    """The command line of `zsar extract` for a file.

    Its frames are squashed, which is the default; older files had cropped ones, for which it takes --geometry crop.

    Args:
        path: The file, which lies in the output folder.
        stated: What the file states: architecture, weights, stride, and dtype or generation, as far as it does.
        captions: Whether it has captions.

    Returns:
        "zsar extract VIDEOS --output FOLDER --architecture NAME --stride 2 --dtype fp16 --overwrite".
    """
    known = {key: value[:_LONGEST_VALUE] for key, value in stated.items() if isinstance(value, str) and value}
    options = ["--output", str(path.parent)]
    for name in ("architecture", "weights"):
        options += [f"--{name}", known[name]] if name in known else []
    number, _, unit = known.get("stride", "").partition(" ")
    if captions:
        options += ["--captions", *(["--caption_seconds", number] if unit == "seconds" else [])]
        options += ["--caption_generation", known["generation"]] if "generation" in known else []
    elif number:
        options += ["--stride_seconds" if unit == "seconds" else "--stride", number]
    options += ["--dtype", known["dtype"]] if "dtype" in known else []
    return shlex.join(["zsar", "extract", VIDEOS, *options, "--overwrite"])
