"""The files of `zsar profile`: JSON with everything, the table as Markdown or CSV, charts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zsar.callbacks.pictures.cost.cost_chart import CostPoint
from zsar.lightning_modules.command_line.profile.profile_table import peak_mb, profile_tables, value_at
from zsar.lightning_modules.command_line.summarize.report_table import csv_text, markdown_text
from zsar.runtime.files.whole_files import write_json_whole, write_text_whole

_CHARTS = (".png", ".svg", ".pdf")
SUFFIXES = (".json", ".md", ".csv", *_CHARTS)


def check_output(path: Path) -> None:
    """Checks that the suffix of a file names a known format.

    Raises:
        ValueError: It does not.
    """
    if path.suffix not in SUFFIXES:
        raise ValueError(f"--output {path}: the suffix must be one of {', '.join(SUFFIXES)}; got {path.suffix!r}")


def check_charts(paths: Sequence[Path], *, n_localizers: int, n_rows: int) -> None:
    """Checks that a chart compares what has the same units.

    Raises:
        ValueError: It would draw GFLOPs of a video beside those of a frame.
    """
    charts = [path for path in paths if path.suffix in _CHARTS]
    if charts and 0 < n_localizers < n_rows:
        raise ValueError(
            f"--output {charts[0]}: a chart shows recognizers, by videos, or localizers, by frames; profile them apart"
        )


def write_profile(path: Path, profile: dict[str, Any]) -> Path:
    """Writes a profile in the format of the suffix, in one step.

    Args:
        path: The file; its folder is created.
        profile: Machine, versions and rows.

    Returns:
        The path.

    Raises:
        ValueError: The suffix is unknown, or there is nothing to draw.
    """
    check_output(path)
    if path.suffix == ".json":
        return write_json_whole(path, profile)
    if path.suffix in _CHARTS:
        points = cost_points(profile["rows"])
        # imported here, as matplotlib takes a second
        from zsar.callbacks.pictures.cost.cost_figure import cost_figure
        from zsar.callbacks.pictures.figures import save_figure

        return save_figure(cost_figure(points), path)
    tables = profile_tables(profile["rows"], profile["machine"])
    text = markdown_text(tables) if path.suffix == ".md" else "\n".join(csv_text(table) for table in tables)
    return write_text_whole(path, text)


def cost_points(rows: Sequence[dict[str, Any]]) -> list[CostPoint]:
    """What a chart shows of each row.

    Args:
        rows: The rows of a profile.
    """
    return [
        CostPoint(
            name=row["name"],
            series=row["series"],
            n_frames=row["frames_per_view"],
            trained_millions=row["parameters"]["trained"] / 1e6,
            gflops=row.get("gflops_per_video") or row["gflops_per_view"],
            per_second=_throughput(row),
            peak_mb=peak_mb(row, "tuned" if "tuned" in row else "forward"),
            accuracy=value_at(row, "result", "value"),
        )
        for row in rows
    ]


def _throughput(row: dict[str, Any]) -> float | None:
    """Videos a second with everything that a test does, or frames a second of a localizer."""
    value: float | None = value_at(row, "tuned", "videos_per_second") or value_at(row, "forward", "videos_per_second")
    return value if value is not None else value_at(row, "forward", "frames_per_second")
