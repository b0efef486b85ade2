"""`zsar report`: a page that shows what runs did."""

from __future__ import annotations

from importlib.util import find_spec

from zsar.lightning_modules.command_line.report.report_options import ReportOptions
from zsar.runtime.terminal import say, say_of


def run(options: ReportOptions) -> int:
    """Runs the command.

    Args:
        options: The parsed command line.

    Returns:
        0, or 1 if a file of a given run could not be read; the page says so, and has the rest. An index lists such
        runs, and returns 0.

    Raises:
        ModuleNotFoundError: The extra `report` is not installed.
        ValueError: A folder holds no run, or the output cannot be written.
    """
    if find_spec("jinja2") is None:
        raise ModuleNotFoundError(
            "a report needs the package jinja2: pip install 'zsar[report]', or in a checkout pip install '.[report]'"
        )
    from zsar.lightning_modules.command_line.report.written_report import written_report

    report = written_report(options.runs, options.output, force=options.replacing.force)
    for problem in report.problems:
        say_of("yellow", "not read:", problem)
    size = report.path.stat().st_size / 1e6
    what = f"an index of {report.n_runs} runs" if report.is_index else f"{size:,.1f} MB"
    say(f"wrote {report.path} ({what})")
    return 1 if report.problems and not report.is_index else 0
