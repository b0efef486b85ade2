import os
from dataclasses import dataclass
from pathlib import Path

from zsar.lightning_modules.localization.stored.source_videos import replaced_video
from zsar.runtime.files.file_identity import quick_hash


@dataclass(frozen=True)
class Source:
    source_bytes: int
    source_hash: str


def test_a_video_is_the_same_wherever_and_whenever_it_was_written(tmp_path: Path) -> None:
    (video := tmp_path / "a.mp4").write_bytes(b"frames")
    source = Source(6, quick_hash(video))
    os.utime(video, (0, 0))
    (tmp_path / "b.mp4").write_bytes(b"frames")
    assert replaced_video(source, video) is replaced_video(source, tmp_path / "b.mp4") is None


def test_another_video_under_the_same_name_is_told_by_size_and_contents(tmp_path: Path) -> None:
    (video := tmp_path / "a.mp4").write_bytes(b"frames")
    source = Source(6, quick_hash(video))
    video.write_bytes(b"FRAMES")
    assert replaced_video(source, video) == (
        f"{video} is not the video that it was made from (same size, other content)"
    )
    video.write_bytes(b"more frames")
    assert replaced_video(source, video) == f"{video} is not the video that it was made from (11 bytes, not 6)"
