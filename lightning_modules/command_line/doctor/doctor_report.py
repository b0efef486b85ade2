"""The output of `zsar doctor`: a table, report.json and bad_videos.csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

from rich.table import Table
from rich.text import Text

from zsar.datamodules.diagnosis.findings import BadVideo, Finding
from zsar.datamodules.video import TrimmedVideoDataModule
from zsar.runtime.class_paths import class_path
from zsar.runtime.files.whole_files import write_json_whole, write_text_whole
from zsar.runtime.terminal import print_whole, result_console, say, say_of, shown, stacked, styled
from zsar.runtime.text.text_tables import read_table
from zsar.runtime.text.written_names import written_name

_COLUMNS = ("video", "set", "path", "problem")
_SHOWN = 3
_MOST_CHARACTERS = 16
_MOST_SETS = 6  # that are named in one cell
_STYLES = {"ok": "green", "skipped": "dim", "warning": "yellow", "error": "red"}


@dataclass(frozen=True)
class Decoding:
    """Statistics of decoding.

    Attributes:
        n_new: Clips that were decoded.
        n_known: Clips recorded as decodable in the journal.
        n_bad: Clips that cannot be decoded.
        seconds: Duration.
    """

    n_new: int
    n_known: int
    n_bad: int
    seconds: float


def print_report(findings: Sequence[Finding], decoding: Decoding) -> None:
    """Prints the table, remedies and totals."""
    table = Table("check", "set", "result", "count", "first examples")
    table.columns[1].max_width = _MOST_CHARACTERS
    table.columns[3].max_width = _MOST_CHARACTERS
    table.columns[3].justify = "right"
    table.columns[4].overflow = "fold"
    for row in _merged(findings):
        table.add_row(*row)
    print_whole(result_console(), table)
    checks_of: dict[str, dict[str, None]] = {}
    for finding in findings:
        if finding.remark and finding.severity != "skipped":
            checks_of.setdefault(finding.remark, {})[finding.check] = None
    for remark, checks in checks_of.items():
        say_of("bold", f"{', '.join(checks)}:", remark, error=False)
    n_errors, n_warnings = (sum(f.severity == severity for f in findings) for severity in ("error", "warning"))
    say(
        f"{decoding.n_new:,} clips decoded in {decoding.seconds:.0f} s, {decoding.n_known:,} known to decode, "
        f"{decoding.n_bad:,} bad",
        f"{'FAILED' if n_errors else 'passed'}: errors {n_errors}, warnings {n_warnings}",
    )


def _merged(findings: Sequence[Finding]) -> Iterator[tuple[str | Text, ...]]:
    """Cells of the table; a check that passed on several sets is one row."""
    for (check, severity), group in groupby(findings, key=lambda finding: (finding.check, finding.severity)):
        rows = list(group)
        result = styled(severity, _STYLES[severity])
        if severity in ("ok", "skipped"):
            yield check, _names(rows), result, _counts(rows) if severity == "ok" else "", rows[0].remark
            continue
        for row in rows:
            more = [f"... and {row.count - _SHOWN:,} more"] if len(row.examples) > _SHOWN else []
            examples = stacked([*row.examples[:_SHOWN], *more])
            yield check, row.set_name, result, f"{row.count:,} of {row.total:,}", examples


def _names(rows: Sequence[Finding]) -> str:
    if len(rows) > _MOST_SETS:
        return f"{rows[0].set_name} and {len(rows) - 1} more"
    return ", ".join(row.set_name for row in rows)


def _counts(rows: Sequence[Finding]) -> str:
    if len(rows) > _MOST_SETS:
        return f"{sum(row.total for row in rows):,}"
    return " + ".join(f"{row.total:,}" for row in rows)


def write_report(
    path: Path,
    module: TrimmedVideoDataModule,
    findings: Sequence[Finding],
    bad: Sequence[BadVideo],
    decoding: Decoding,
) -> None:
    """Writes all findings as JSON."""
    content = {
        "class_path": class_path(type(module)),
        "data_root": str(module.data_root.resolve()),
        "passed": not any(finding.severity == "error" for finding in findings),
        "findings": [asdict(finding) for finding in findings],
        "bad_videos": len(bad),
        "decoding": asdict(decoding),
    }
    write_json_whole(path, content)


def write_bad_videos(path: Path, bad: Sequence[BadVideo], *, keep: bool) -> int:
    """Writes the table that `split.exclude` reads.

    Args:
        path: CSV file.
        bad: Its rows.
        keep: Whether existing rows stay. If the data set excludes the videos of this file, they were not checked, and
            without their rows the next run would include them.

    Returns:
        The number of rows of the file.

    Raises:
        ListFileError: A file whose rows stay is malformed.
    """
    rows = {(video.key, video.set_name): (video.key, video.set_name, video.path, video.problem) for video in bad}
    if keep and path.is_file():
        before = read_table(path, "table of bad videos", columns=_COLUMNS[:1], optional=_COLUMNS[1:], by_zsar=True)
        for row in before:
            video, set_name, place, problem = (row[column] for column in _COLUMNS)
            rows.setdefault((video, set_name), (video, set_name, place, problem))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows([*map(written_name, rows[key][:-1]), shown(rows[key][-1])] for key in sorted(rows))
    write_text_whole(path, text.getvalue())
    return len(rows)
