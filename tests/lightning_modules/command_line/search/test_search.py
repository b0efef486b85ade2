import csv
import json
from pathlib import Path

import pytest

from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.command_line.search.search import clock


@pytest.fixture
def archive(tmp_path: Path, video_tree: Path, tiny_weights: Path) -> Path:
    """Whole videos of the red class, embedded by the tiny CLIP."""
    tiny = ["--architecture", "tiny-clip", "--weights", str(tiny_weights), "--n_workers", "0"]
    arguments = [str(video_tree / "red dance"), "--output", str(tmp_path / "archive"), "--stride_seconds", "0.25"]
    assert main(["embed", *arguments, *tiny]) == 0
    return tmp_path / "archive"


def test_json_and_csv_hold_the_hits_of_each_text(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    output = ["--json", "--top_k", "2", "--output", str(tmp_path / "hits.csv")]
    assert main(["search", str(archive), "a dog", "a cat", *output]) == 0
    results = json.loads(capsys.readouterr().out)
    assert [result["query"] for result in results] == ["a dog", "a cat"]
    rows = list(csv.DictReader((tmp_path / "hits.csv").open()))
    assert [(row["query"], row["rank"]) for row in rows] == [
        ("a dog", "1"),
        ("a dog", "2"),
        ("a cat", "1"),
        ("a cat", "2"),
    ]
    assert all(float(row["start_seconds"]) < float(row["end_seconds"]) for row in rows)
    assert rows[0]["video"] == results[0]["hits"][0]["video"]


def test_the_table_has_times(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["search", str(archive), "a dog"]) == 0
    out = capsys.readouterr().out
    assert "00:00" in out
    assert "of 5 videos in" in out


@pytest.mark.parametrize("name", ["hits.txt", "none/hits.csv"])
def test_an_output_that_cannot_be_written_is_an_error_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert main(["search", str(tmp_path), "a dog", "--output", str(tmp_path / name)]) == 1
    assert "--output" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("seconds", "shown"), [(None, ""), (0.0, "00:00"), (59.6, "01:00"), (754.0, "12:34"), (3661.0, "1:01:01")]
)
def test_times_are_minutes_and_seconds(seconds: float | None, shown: str) -> None:
    assert clock(seconds) == shown
