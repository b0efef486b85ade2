"""A row of `zsar profile`, as its JSON file has it, run in this process."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zsar.lightning_modules.command_line.profile.profile import run
from zsar.lightning_modules.command_line.profile.profile_options import COMMAND


def profiled(arguments: Sequence[str]) -> dict[str, Any]:
    """Runs `zsar profile` with a single row.

    Args:
        arguments: Its command line, without --output.
    """
    with tempfile.TemporaryDirectory(prefix="zsar-") as folder:
        file = Path(folder) / "profile.json"
        run(COMMAND.parse([*arguments, "--output", str(file)]))
        (row,) = json.loads(file.read_text(encoding="utf-8"))["rows"]
    return dict(row)
