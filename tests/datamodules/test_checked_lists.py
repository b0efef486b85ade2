from pathlib import Path

import numpy as np
import pytest

from datamodules.checked_lists import missing_keys, read_excluded, refuse_missing, refuse_repeated, repeated_keys
from datamodules.video_table import VideoTable


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
        refuse_repeated(table("b", "a", "b", "a", "c"), "test")
    refuse_repeated(table("a", "b"), "test")


def test_excluded_videos_are_a_column_of_a_csv_file(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text('video,set,problem\nv_1,train,missing\n"a, b",test,"cannot be decoded, really"\n')
    assert read_excluded(path) == {"v_1", "a, b"}
    path.write_text("path\nv_1\n")
    with pytest.raises(ValueError, match=r"bad\.csv:1: no column video"):
        read_excluded(path)
    with pytest.raises(FileNotFoundError, match=r"no list of videos to exclude .*gone\.csv"):
        read_excluded(tmp_path / "gone.csv")
