from pathlib import Path

import numpy as np
import pytest

from zsar.datamodules.diagnosis.repeated_videos import (
    check_classes_apart,
    check_contents,
    check_duplicates,
    check_overlap,
)
from zsar.datamodules.lists.video_table import VideoTable


def table(
    *paths: str, root: Path = Path("/data"), keys: list[str] | None = None, segments: list[list[float]] | None = None
) -> VideoTable:
    seconds = None if segments is None else np.array(segments)
    return VideoTable(root, paths, [0] * len(paths), keys=keys, segments_seconds=seconds)


def test_a_key_that_is_listed_twice_is_a_duplicate() -> None:
    finding = check_duplicates("train", table("x/a.mp4", "y/a.mp4", "b.mp4", keys=["a", "a", "b"]))
    assert (finding.severity, finding.count, finding.total) == ("error", 1, 3)
    assert finding.examples == ("a is listed twice",)
    assert check_duplicates("train", table("a.mp4", "b.mp4")).severity == "ok"


def test_a_file_under_two_keys_is_a_duplicate() -> None:
    finding = check_duplicates("train", table("a.mp4", "x/../a.mp4", "/data/a.mp4", "b.mp4"))
    assert (finding.severity, finding.count) == ("error", 1)
    assert finding.examples == ("/data/a.mp4 and a.mp4 and x/../a.mp4 are one file",)


def test_two_stretches_of_a_file_are_no_duplicates_and_one_stretch_twice_is() -> None:
    segments = [[0.0, 1.0], [2.0, 3.0]]
    assert check_duplicates("test", table("a.mp4", "a.mp4", keys=["a@0-1", "a@2-3"], segments=segments)).count == 0
    assert check_duplicates("test", table("a.mp4", "a.mp4", keys=["a@0-1", "a@0-1"], segments=segments)).count == 1


def test_a_test_video_that_is_trained_on_or_held_out_is_found_by_its_key() -> None:
    sets = {
        "train": table("train/a.mp4", "train/b.mp4", keys=["a", "b"]),
        "val": table("train/c.mp4", keys=["c"]),
        "base": table("val/a.avi", "val/d.avi", keys=["a", "d"]),
        "novel": table("val/c.avi", "val/e.avi", "val/f.avi", keys=["c", "e", "f"]),
    }
    base, novel = check_overlap(sets)
    assert (base.set_name, base.severity, base.count, base.total) == ("training / base", "error", 1, 2)
    assert (novel.set_name, novel.examples, novel.total) == ("training / novel", ("c",), 3)


def test_equal_keys_under_different_roots_are_different_videos() -> None:
    train = table("jump/1.mp4", root=Path("/data/train"))
    assert check_overlap({"train": train, "test": table("jump/1.mp4", root=Path("/data/test"))})[0].severity == "ok"
    same = table("../train/jump/1.mp4", root=Path("/data/test"))
    assert check_overlap({"train": train, "test": same})[0].count == 1


def test_stretches_of_one_file_in_training_and_test_overlap() -> None:
    train = table("a.mp4", keys=["a@0-1"], segments=[[0.0, 1.0]])
    test = table("a.mp4", "b.mp4", keys=["a@2-3", "b@0-1"], segments=[[2.0, 3.0], [0.0, 1.0]])
    (finding,) = check_overlap({"train": train, "test": test})
    assert finding.examples == ("a@2-3",)


def test_without_training_sets_there_is_nothing_to_overlap() -> None:
    assert check_overlap({"test": table("a.mp4")}) == []


def test_a_class_that_is_base_and_novel_is_found() -> None:
    (finding,) = check_classes_apart({"base": ["jump", "run"], "novel": ["run", "sit"]})
    assert (finding.severity, finding.count, finding.examples) == ("error", 1, ("class 'run'",))
    assert check_classes_apart({"base": ["jump"], "novel": ["sit"]})[0].severity == "ok"
    assert check_classes_apart({"test": ["jump"]}) == []


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Copies of a within training, a copy of b in testing, and c, which has their size but other bytes."""
    for name, content in {"a1": b"aa", "a2": b"aa", "b1": b"bb", "b2": b"bb", "c": b"cc", "d": b"longer"}.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_copies_are_a_warning_in_one_set_and_an_error_in_training_and_testing(files: Path) -> None:
    sets = {"train": table("a1", "a2", "b1", root=files), "test": table("b2", "c", "d", root=files)}
    there = {name: np.ones(3, dtype=bool) for name in sets}
    within, between = check_contents(sets, there)
    assert (within.severity, within.examples, within.total) == ("warning", (f"{files}/a1 and {files}/a2",), 6)
    assert (between.severity, between.examples) == ("error", (f"{files}/b1 and {files}/b2",))


def test_of_many_copies_two_are_named(files: Path) -> None:
    for name in ("a3", "a4"):
        (files / name).write_bytes(b"aa")
    (within, _) = check_contents({"test": table("a1", "a2", "a3", "a4", root=files)}, {"test": np.ones(4, dtype=bool)})
    assert (within.count, within.examples) == (1, (f"{files}/a1 and {files}/a2 and 2 more",))


def test_only_files_that_are_there_are_compared(files: Path) -> None:
    sets = {"train": table("a1", "nowhere", root=files)}
    assert [f.count for f in check_contents(sets, {"train": np.array([True, False])})] == [0, 0]


def test_a_file_in_two_sets_is_no_copy_of_itself(files: Path) -> None:
    sets = {"train": table("a1", root=files), "test": table("a1", root=files)}
    assert [f.count for f in check_contents(sets, {name: np.array([True]) for name in sets})] == [0, 0]


def test_links_in_two_sets_are_found_between_any_two_of_them(files: Path) -> None:
    (files / "link").symlink_to("a1")
    train, val = table("a1", "b1", root=files), table("./b1", root=files)
    base, novel = table("link", "c", root=files), table("x/../c", root=files)
    (files / "x").mkdir()
    findings = check_overlap({"train": train, "val": val, "base": base, "novel": novel})
    assert [(f.set_name, f.severity, f.examples) for f in findings] == [
        ("training / base", "error", ("a1 and link are one file",)),
        ("training / novel", "ok", ()),
        ("train / val", "error", ("./b1 and b1 are one file",)),
        ("base / novel", "error", ("c and x/../c are one file",)),
    ]
    assert check_duplicates("test", table("a1", "link", "b1", root=files)).examples == ("a1 and link are one file",)


def test_a_class_that_is_base_and_novel_in_two_spellings_is_found() -> None:
    (finding,) = check_classes_apart({"base": ["high jump", "run"], "novel": ["HighJump", "sit"]})
    assert finding.examples == ("class 'high jump', 'HighJump'",)
