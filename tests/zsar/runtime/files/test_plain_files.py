import os
from pathlib import Path

import pytest

from zsar.datamodules.video_files.decoding import VideoDecodeError, VideoReader
from zsar.runtime.files.plain_files import file_problem, kind_unless_file


def test_a_file_with_content_is_no_problem(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    assert file_problem(tmp_path / "a") is None
    assert file_problem(str(tmp_path / "a")) is None


def test_what_is_no_file_is_named_with_the_cause(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "circle").symlink_to("circle")
    os.mkfifo(tmp_path / "pipe")
    causes = {
        "empty": "the file is empty",
        "link": "No such file or directory",
        "gone": "No such file or directory",
        "circle": "Too many levels of symbolic links",
        "pipe": "it is a pipe, socket or device; only regular files are read: copy it to one",
        ".": "it is a folder",
    }
    for name, cause in causes.items():
        assert file_problem(tmp_path / name) == f"{tmp_path / name}: {cause}"


def test_there_is_one_word_for_each_kind_that_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    paths = [tmp_path / "file", tmp_path, tmp_path / "pipe", Path("/dev/zero")]
    kinds = [kind_unless_file(path.stat().st_mode) for path in paths]
    assert kinds == [None, "folder", "pipe, socket or device", "pipe, socket or device"]


@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_a_reader_refuses_at_once_what_is_no_file(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    os.mkfifo(path) if kind == "pipe" else path.mkdir() if kind == "folder" else path.symlink_to("/dev/zero")
    with pytest.raises(VideoDecodeError, match=f"^{path}: it is a (pipe, socket or device|folder)"):
        VideoReader(path)
