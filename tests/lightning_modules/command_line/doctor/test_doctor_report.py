import csv
import json
from pathlib import Path

import pytest

from zsar.datamodules.data_sets.ucf101 import UCF101
from zsar.datamodules.diagnosis.findings import BadVideo, Finding
from zsar.datamodules.lists.checked_lists import read_excluded
from zsar.lightning_modules.command_line.doctor.doctor_report import (
    Decoding,
    print_report,
    write_bad_videos,
    write_report,
)

DECODING = Decoding(n_new=10, n_known=20, n_bad=1, seconds=2.5)
FINDINGS = [
    Finding("files", "train", "ok", total=8000),
    Finding("files", "val", "ok", total=100),
    Finding("files", "test", "error", 5, 3783, ("[red]a", "b", "c", "d", "e"), "get them"),
    Finding("counts", "test", "warning", 7, 90, ("83 listed, 90 published",), "say so"),
    Finding("frames", "test", "skipped", remark="nothing to decode"),
    Finding("frames", "val", "error", 1, 100, ("f",), "get them"),
]


def bad(key: str, set_name: str = "test") -> BadVideo:
    return BadVideo(key, set_name, f"/data/{key}.avi", "missing")


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_the_table_has_a_row_for_each_fault_and_one_for_what_is_sound(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(FINDINGS, DECODING)
    printed = capsys.readouterr().out
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in printed.splitlines() if "│" in line]
    assert cells == [
        ["files", "train, val", "ok", "8,000 + 100", ""],
        ["files", "test", "error", "5 of 3,783", "[red]a"],
        ["", "", "", "", "b"],
        ["", "", "", "", "c"],
        ["", "", "", "", "... and 2 more"],
        ["counts", "test", "warning", "7 of 90", "83 listed, 90 published"],
        ["frames", "test", "skipped", "", "nothing to decode"],
        ["frames", "val", "error", "1 of 100", "f"],
    ]
    assert "files, frames: get them\ncounts: say so\n" in printed
    assert "10 clips decoded in 2 s, 20 known to decode, 1 bad\nFAILED: errors 2, warnings 1" in printed


def test_warnings_pass(capsys: pytest.CaptureFixture[str]) -> None:
    print_report([FINDINGS[0], FINDINGS[3]], DECODING)
    assert "passed: errors 0, warnings 1" in capsys.readouterr().out


def test_the_report_holds_every_finding(tmp_path: Path) -> None:
    write_report(tmp_path / "new" / "report.json", UCF101(data_root=tmp_path), FINDINGS, [bad("a")], DECODING)
    content = json.loads((tmp_path / "new" / "report.json").read_text())
    assert content["class_path"] == "zsar.datamodules.data_sets.UCF101"
    assert content["passed"] is False
    assert content["bad_videos"] == 1
    assert content["decoding"] == {"n_new": 10, "n_known": 20, "n_bad": 1, "seconds": 2.5}
    assert content["findings"][2]["examples"] == ["[red]a", "b", "c", "d", "e"]
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["report.json"]


def test_bad_videos_are_a_table_that_exclude_reads(tmp_path: Path) -> None:
    path = tmp_path / "new" / "bad.csv"
    assert write_bad_videos(path, [bad("b,c"), bad("a"), bad("a", "train")], keep=False) == 3
    assert rows(path) == [
        ["video", "set", "path", "problem"],
        ["a", "test", "/data/a.avi", "missing"],
        ["a", "train", "/data/a.avi", "missing"],
        ["b,c", "test", "/data/b,c.avi", "missing"],
    ]
    assert read_excluded(path) == {"a", "b,c"}


def test_without_bad_videos_the_table_excludes_nothing(tmp_path: Path) -> None:
    assert write_bad_videos(tmp_path / "bad.csv", [], keep=True) == 0
    assert read_excluded(tmp_path / "bad.csv") == frozenset()


def test_rows_are_kept_where_the_table_itself_is_excluded(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("video\nold\n")
    assert write_bad_videos(path, [bad("new")], keep=True) == 2
    assert rows(path)[1:] == [["new", "test", "/data/new.avi", "missing"], ["old", "", "", ""]]
    write_bad_videos(path, [bad("new")], keep=False)
    assert read_excluded(path) == {"new"}
