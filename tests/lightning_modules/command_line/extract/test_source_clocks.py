"""Tests of `source_clocks`: files whose times count from a first frame that is late."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.makers.videos.encoded_videos import write_streams
from zsar.lightning_modules.command_line.extract.source_clocks import older_clock


@pytest.mark.parametrize(
    ("start_ms", "written", "is_older"), [(2000, None, True), (2000, 2.0, False), (0, None, False)]
)
def test_only_files_without_a_start_of_videos_that_start_late_are_of_an_older_clock(
    start_ms: int, written: float | None, is_older: bool, tmp_path: Path
) -> None:
    write_streams(path := tmp_path / "video.mp4", [(start_ms, 5, 64)], sound_at_ms=0)
    said = older_clock(SimpleNamespace(start_seconds=written), path)
    assert said == (f"its times count from the first frame of {path}, which is shown at 2.000 s" if is_older else None)


def test_what_cannot_be_read_is_not_judged(tmp_path: Path) -> None:
    (path := tmp_path / "video.mp4").write_bytes(b"no video")
    assert older_clock(SimpleNamespace(start_seconds=None), path) is None
