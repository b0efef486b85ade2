import json
from pathlib import Path
from typing import Any

import pytest

from zsar.lightning_modules.command_line.profile.profile_files import (
    SUFFIXES,
    check_charts,
    check_output,
    cost_points,
    write_profile,
)

ROW: dict[str, Any] = {
    **{"name": "t2l, 8 frames", "series": "t2l", "frames_per_view": 8, "gflops_per_view": 3.0, "gflops_per_video": 6.0},
    **{"parameters": {"total": 7_000_000, "trained": 5_000_000}, "counted": "products"},
}
STEPS = {"videos_per_second": 4.0, "frames_per_second": 32.0, "peak_device_mb": None, "above_start_mb": 10.0}
MACHINE = {"gpu": "H200", "cpu": "c", "threads": 1}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_each_format_is_written(suffix: str, tmp_path: Path) -> None:
    path = write_profile(tmp_path / "new" / f"cost{suffix}", {"machine": MACHINE, "rows": [ROW]})
    assert path.stat().st_size > 0
    if suffix == ".json":
        assert json.loads(path.read_text())["rows"] == [ROW]
    if suffix in (".md", ".csv"):
        assert "5.00" in path.read_text()


def test_other_formats_are_refused() -> None:
    with pytest.raises(ValueError, match=r"--output cost.txt: the suffix must be one of .json, .md, .*; got '.txt'"):
        check_output(Path("cost.txt"))


def test_a_chart_shows_what_was_measured() -> None:
    plain, tuned = cost_points(
        [
            {**ROW, "forward": STEPS, "result": {"value": 52.9}},
            {**ROW, "forward": STEPS, "tuned": {**STEPS, "videos_per_second": 0.5, "above_start_mb": 70.0}},
        ]
    )
    assert (plain.gflops, plain.trained_millions, plain.per_second, plain.peak_mb) == (6.0, 5.0, 4.0, 10.0)
    assert (plain.accuracy, plain.n_frames, plain.series) == (52.9, 8, "t2l")
    assert (tuned.per_second, tuned.peak_mb, tuned.accuracy) == (0.5, 70.0, None)


def test_a_chart_does_not_mix_units() -> None:
    mixed = [Path("cost.json"), Path("cost.svg")]
    with pytest.raises(ValueError, match=r"--output cost.svg: a chart shows recognizers, by videos, or localizers"):
        check_charts(mixed, n_localizers=1, n_rows=2)
    check_charts(mixed, n_localizers=0, n_rows=2)
    check_charts(mixed, n_localizers=2, n_rows=2)
    check_charts(mixed[:1], n_localizers=1, n_rows=2)


def test_a_localizer_is_shown_by_frames() -> None:
    frames = {name: value for name, value in STEPS.items() if name != "videos_per_second"}
    row = {name: value for name, value in ROW.items() if name != "gflops_per_video"}
    (point,) = cost_points([{**row, "forward": frames}])
    assert (point.gflops, point.per_second) == (3.0, 32.0)
