"""`zsar report`: a page that shows what runs did."""

from __future__ import annotations

from importlib.util import find_spec

from zsar.lightning_modules.command_line.report.report_options import ReportOptions
from zsar.runtime.terminal import say


def run(options: ReportOptions) -> int:
    """Runs the command.

    Args:
        options: The parsed command line.

    Returns:
        0.

    Raises:
        ModuleNotFoundError: The extra `report` is not installed.
        ValueError: A folder holds no run, or the output cannot be written.
    """
    if find_spec("jinja2") is None:
        raise ModuleNotFoundError(
            "a report needs the package jinja2: pip install 'zsar[report]', or in a checkout pip install '.[report]'"
        )
    from zsar.lightning_modules.command_line.report.written_report import write_report

    path = write_report(options.runs, options.output, force=options.replacing.force)
    say(f"wrote {path} ({path.stat().st_size / 1e6:,.1f} MB)")
    return 0
