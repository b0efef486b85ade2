"""The report page of a run, for Weights & Biases."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def write_tracked_page(folder: Path, path: Path) -> str | None:
    """Writes the page of `zsar report` of a single run.

    Args:
        folder: The run folder.
        path: The page, a .html file.

    Returns:
        None, or in words why there is no page: its extra is not installed.
    """
    if importlib.util.find_spec("jinja2") is None:
        return "its package is not installed (pip install 'zsar[report]')"
    from zsar.lightning_modules.command_line.report.written_report import write_report

    write_report([folder], path)
    return None
