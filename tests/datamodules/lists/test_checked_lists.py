import re
from pathlib import Path

import numpy as np
import pytest

from zsar.datamodules.lists.checked_lists import (
    missing_keys,
    read_excluded,
    refuse_missing,
    refuse_repeated_in,
    repeated_keys,
)
from zsar.datamodules.lists.video_table import VideoTable


def table(*keys: str, found: list[bool] | None = None) -> VideoTable:
    return VideoTable(Path("/data"), keys, [0] * len(keys), found=None if found is None else np.array(found))


def test_missing_videos_are_counted_and_some_of_them_named() -> None:
    incomplete = table(*"abcdefgh", found=[False] * 7 + [True])
    assert missing_keys(incomplete) == list("abcdefg")
    with pytest.raises(
        FileNotFoundError,
        match=r"7 of 8 listed videos of the set 'train' are not under /data: a, b, c, d, e, \.\.\.\. Get",
    ):
        refuse_missing(incomplete, "train", only_warn=False)
    with pytest.warns(UserWarning, match="they are counted as not decoded"):
        refuse_missing(incomplete, "test", only_warn=True)


def test_nothing_is_missing_where_all_were_found_or_nobody_looked() -> None:
    for whole in (table("a", "b", found=[True, True]), table("a", "b")):
        assert missing_keys(whole) == []
        refuse_missing(whole, "test", only_warn=False)


def test_a_video_that_is_listed_twice_is_named() -> None:
    assert repeated_keys(table("b", "a", "b", "a", "c")) == ["a", "b"]
    with pytest.raises(ValueError, match="2 videos of the set 'test' are listed twice: a, b"):
        refuse_repeated_in({"test": table("b", "a", "b", "a", "c")})
    refuse_repeated_in({"test": table("a", "b")})


def of_list(root: Path, *keys: str, list_file: Path, labels: list[int] | None = None) -> VideoTable:
    lines = np.arange(2, len(keys) + 2)
    return VideoTable(root, keys, labels or [0] * len(keys), list_file=list_file, lines=lines)


def test_a_video_is_the_file_that_its_path_leads_to(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    (tmp_path / "soft.mp4").symlink_to("a.mp4")
    (tmp_path / "hard.mp4").hardlink_to(tmp_path / "a.mp4")
    for spelling in ("./a.mp4", "x/../a.mp4", str(tmp_path / "a.mp4"), "soft.mp4", "hard.mp4"):
        (tmp_path / "x").mkdir(exist_ok=True)
        videos = VideoTable(tmp_path, ["b.mp4", "a.mp4", spelling], [0, 0, 1])
        with pytest.raises(
            ValueError, match=f"1 video of the set 'test' is listed twice: .*{re.escape(spelling)}"
        ) as error:
            refuse_repeated_in({"test": videos})
        assert " a.mp4" in str(error.value)
        train, test = videos.select(np.array([1])), videos.select(np.array([0, 2]))
        with pytest.raises(ValueError, match="1 video is in the sets 'test' and 'train': .*trained on"):
            refuse_repeated_in({"train": train, "test": test})
        refuse_repeated_in({"train": train, "test": test.select(np.array([0]))})


def test_of_videos_of_lists_both_lines_are_named(tmp_path: Path) -> None:
    train, test = tmp_path / "train.csv", tmp_path / "test.csv"
    with pytest.raises(
        ValueError, match=rf"^{train}:4: \./a\.mp4 is listed twice: it is the video of {train}:2: a\.mp4;"
    ):
        refuse_repeated_in({"train": of_list(tmp_path, "a.mp4", "b.mp4", "./a.mp4", list_file=train)})
    sets = {
        "train": of_list(tmp_path, "b.mp4", "a.mp4", "c.mp4", list_file=train),
        "test": of_list(tmp_path, "./c.mp4", "x/../a.mp4", list_file=test),
    }
    with pytest.raises(ValueError, match=r"\(and 1 more\); nothing that is tested on may be trained on") as error:
        refuse_repeated_in(sets)
    assert f"{train}:3: a.mp4" in str(error.value)
    assert f"{test}:3: x/../a.mp4" in str(error.value)


def test_a_stretch_is_a_video_of_its_own() -> None:
    def stretches(*seconds: tuple[float, float]) -> VideoTable:
        keys = [f"a@{start}-{end}" for start, end in seconds]
        paths = ["a.mp4", "./a.mp4", "a.mp4"][: len(keys)]
        return VideoTable(Path("/data"), paths, [0] * len(keys), keys=keys, segments_seconds=np.array(seconds))

    refuse_repeated_in({"train": stretches((0.0, 1.0), (1.0, 2.0), (0.0, 2.0))})
    with pytest.raises(ValueError, match="is listed twice"):
        refuse_repeated_in({"train": stretches((0.0, 1.0), (0.0, 1.0))})


def test_excluded_videos_are_a_column_of_a_csv_file(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text('video,set,problem\nv_1,train,missing\n"a, b",test,"cannot be decoded, really"\n')
    assert read_excluded(path) == {"v_1", "a, b"}
    path.write_text("path\nv_1\n")
    with pytest.raises(ValueError, match=r"bad\.csv:1: no column video"):
        read_excluded(path)
    with pytest.raises(FileNotFoundError, match=r"no list of videos to exclude .*gone\.csv"):
        read_excluded(tmp_path / "gone.csv")
