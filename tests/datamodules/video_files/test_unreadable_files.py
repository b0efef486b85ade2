from pathlib import Path

import pytest

from tests.makers.videos.bad_videos import spoil
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.video_files import unreadable_files
from zsar.datamodules.video_files.unreadable_files import refuse_undecoded, refuse_unreadable
from zsar.runtime.files.video_errors import VideoDecodeError


@pytest.fixture
def table(tmp_path: Path, video_tree: Path) -> VideoTable:
    spoil(tmp_path / "mixed", video_tree / "red dance" / "0.mp4")
    names = ["good.mp4", "cut_off.mp4", "text.mp4", "empty.mp4", "damaged.mp4", "gone.mp4"]
    return VideoTable(tmp_path / "mixed", names, [0] * len(names))


def test_files_that_cannot_be_opened_are_named_with_the_cause_and_the_remedies(table: VideoTable) -> None:
    with pytest.raises(VideoDecodeError) as caught:
        refuse_unreadable(table, "novel")
    message = str(caught.value)
    assert message.startswith("4 of 6 files of the set 'novel' cannot be opened, so that nothing was tested: ")
    assert all(
        name in message for name in ("cut_off.mp4: Invalid", "text.mp4: Invalid", "empty.mp4: the file is empty")
    )
    assert "gone.mp4: No such file" in message
    assert "damaged.mp4" not in message
    assert all(remedy in message for remedy in ("zsar doctor --decode all", "--data.split.exclude", "count_as_wrong"))
    assert "\n" not in message
    refuse_unreadable(table.select(table.labels[:1]), "novel")  # the good one


def test_of_many_files_only_what_is_seen_at_a_glance_is_refused(
    table: VideoTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unreadable_files, "MOST_OPENED", 5)
    with pytest.raises(VideoDecodeError, match=r"^2 of 6 files .*empty\.mp4: the file is empty; .*gone\.mp4: No such"):
        refuse_unreadable(table, "test")


def test_a_file_is_named_once_however_many_stretches_of_it_are_listed(table: VideoTable) -> None:
    twice = VideoTable(table.root, ["empty.mp4", "empty.mp4"], [0, 0])
    with pytest.raises(VideoDecodeError, match="^1 of 1 files"):
        refuse_unreadable(twice, "test")


def test_what_could_not_be_decoded_is_counted_and_of_many_some_are_named() -> None:
    refuse_undecoded([])
    with pytest.raises(
        VideoDecodeError,
        match=r"^1 video could not .* whole set: a: broken\. .* others are kept\. Mend it$",
    ):
        refuse_undecoded(["a: broken"], "Mend it")
    with pytest.raises(VideoDecodeError, match=r"^1,000 videos .*; 018: x; 019: x; and 980 more\. "):
        refuse_undecoded([f"{i:03d}: x" for i in reversed(range(1000))])
