"""Tests of `file_names`: which names are too long."""

from __future__ import annotations

from pathlib import Path

import pytest

from zsar.runtime.files.file_names import MOST_BYTES_OF_A_NAME, name_problem


@pytest.mark.parametrize("letter", ["a", "\u00e9", "\udcff"])
def test_a_name_is_too_long_when_the_file_system_says_so(letter: str, tmp_path: Path) -> None:
    for n in range(120, MOST_BYTES_OF_A_NAME + 2):
        path = tmp_path / (letter * n + ".mp4")
        try:
            path.exists()
        except OSError:
            assert "rename the video" in (name_problem(path) or "")
        else:
            assert name_problem(path) is None


def test_the_message_has_value_and_limit() -> None:
    assert "a name of 259 bytes, but the limit is 255 (it ends in .mp4)" in (
        name_problem(Path("a" * 255 + ".mp4")) or ""
    )
