import csv
import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.makers.command_line.live_processes import is_running, wait_for
from tests.makers.videos.encoded_videos import moving_picture
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.writing.encoding import write_video
from zsar.datamodules.video_files.writing.preparing import PreparedVideo, prepare_video
from zsar.datamodules.video_files.writing.preparing_settings import PreparingSettings
from zsar.lightning_modules.command_line import prepare as command
from zsar.lightning_modules.command_line.cli import main
from zsar.runtime.shards.stored_videos import open_stored

ROOT = Path(__file__).parents[3]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Six videos in two folders, of which one is an AVI with B-frames, and a list."""
    folder = tmp_path / "source"
    for name in ("jump/0.mp4", "jump/1.mp4", "jump/2.avi", "run/0.mp4", "run/1.mp4", "run/2.mp4"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        codec = {"codec": "mpeg4", "options": {"bf": "2"}} if name.endswith(".avi") else {}
        write_video(folder / name, moving_picture(12), frames_per_second=8, **codec)
    (folder / "test.csv").write_text("path,label\njump/2.mp4,jump\nrun/2.mp4,run\n")
    return folder


def prepare(*arguments: object, n_workers: int = 1) -> int:
    return main(["prepare", *map(str, arguments), "--n-workers", str(n_workers)])


def videos_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.mp4"))


def journal_lines(folder: Path) -> list[str]:
    path = folder / ".prepared.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line)["video"] for line in lines[1:] if line.endswith("}")]


ALL = ["jump/0.mp4", "jump/1.mp4", "jump/2.mp4", "run/0.mp4", "run/1.mp4", "run/2.mp4"]


def test_the_copy_is_a_data_root_of_its_own(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prepare(source, tmp_path / "copy", "--short-side", 32) == 0
    printed = capsys.readouterr()
    assert videos_in(tmp_path / "copy") == ALL
    assert (tmp_path / "copy" / "test.csv").read_text() == (source / "test.csv").read_text()
    assert not (tmp_path / "copy" / "failed_videos.csv").exists()
    for name in ALL:
        with VideoReader(tmp_path / "copy" / name) as reader:
            assert reader.frames_at_indices(range(12)).shape == (12, 3, 32, 42)
    data = VideoFolder(train=".", test="test.csv", data_root=tmp_path / "copy")
    assert data.list_videos("train").all_keys() == ALL
    assert data.list_videos("test").all_keys() == ["jump/2.mp4", "run/2.mp4"]
    assert "6 of 6 videos are prepared (0 were before), 1 of 1 other files were copied" in printed.out
    before = sum(path.stat().st_size for path in source.glob("*/*"))
    after = sum((tmp_path / "copy" / name).stat().st_size for name in ALL)
    assert f"became {after / 1e6:.1f} MB, {after / before:.2f} times the size" in printed.out
    assert "names now end in .mp4" in printed.out
    assert re.search(r"6/6 .*files/s", printed.err)


def test_a_second_run_does_only_what_is_left(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepare(source, tmp_path / "copy") == 0
    done: list[str] = []

    def noting(source: Path, destination: Path, settings: PreparingSettings, **how: Any) -> PreparedVideo:
        done.append(destination.name)
        return prepare_video(source, destination, settings, **how)

    monkeypatch.setattr(command, "prepare_video", noting)
    assert prepare(source, tmp_path / "copy") == 0
    assert done == []
    assert "6 of 6 videos are prepared (6 were before), 0 of 1 other files" in capsys.readouterr().out
    write_video(source / "run" / "2.mp4", moving_picture(13), frames_per_second=8)
    write_video(source / "run" / "3.mp4", moving_picture(13), frames_per_second=8)
    assert prepare(source, tmp_path / "copy") == 0
    assert done == ["2.mp4", "3.mp4"]


def test_a_video_that_cannot_be_decoded_is_listed_and_the_others_are_prepared(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    assert prepare(source, copy) == 0
    whole = (source / "run" / "1.mp4").read_bytes()
    (source / "run" / "1.mp4").write_bytes(b"no video")
    (source / "run" / "9.mkv").write_bytes(b"")
    capsys.readouterr()
    assert prepare(source, copy) == 1
    printed = capsys.readouterr()
    assert "5 of 7 videos are prepared" in printed.out
    assert "2 not prepared" in printed.err
    assert "run/9.mkv" in printed.err
    with (copy / "failed_videos.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["video", "problem"],
            ["run/1.mp4", "Invalid data found when processing input (while opening it)"],
            ["run/9.mkv", "the file is empty"],
        ]
    assert videos_in(copy) == [name for name in ALL if name != "run/1.mp4"]  # made of what the video was before
    (source / "run" / "1.mp4").write_bytes(whole)
    (source / "run" / "9.mkv").unlink()
    assert prepare(source, copy) == 0
    assert videos_in(copy) == ALL
    assert not (copy / "failed_videos.csv").exists()


def test_of_many_failures_the_table_shows_some(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for i in range(25):
        (source / f"broken{i:02d}.mp4").write_bytes(b"")
    assert prepare(source, tmp_path / "copy") == 1
    error = capsys.readouterr().err
    assert error.count("the file is empty") == 20
    assert "5 more than shown" in error
    assert len((tmp_path / "copy" / "failed_videos.csv").read_text().splitlines()) == 26


def test_wrong_input_is_explained_before_anything_is_written(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = [
        ((source, tmp_path / "copy", "--short-side", 33), "the short side must be even and at least 16 px; got 33"),
        ((tmp_path / "gone", tmp_path / "copy"), "there is no folder"),
        ((source, source / "copy"), "give a DESTINATION outside of it"),
    ]
    for arguments, message in cases:
        assert prepare(*arguments) == 1
        assert message in capsys.readouterr().err
    assert prepare(source, tmp_path / "copy", n_workers=0) == 1
    assert "--n_workers must be at least 1; got 0" in capsys.readouterr().err
    write_video(source / "jump" / "2.mkv", moving_picture(2), frames_per_second=8)
    assert prepare(source, tmp_path / "copy") == 1
    assert "jump/2.avi and jump/2.mkv of" in capsys.readouterr().err
    assert not (tmp_path / "copy").exists()


def test_other_settings_are_refused(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prepare(source, tmp_path / "copy", "--crf", 30) == 0
    assert prepare(source, tmp_path / "copy", "--keyframe-every", 4) == 1
    error = capsys.readouterr().err
    assert "--crf 30, but this run has --short_side 256 --keyframe_every 4 --crf 20" in error
    assert "give the same settings, or another DESTINATION" in error


def test_a_full_disk_stops_the_run_and_what_is_done_stays(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full_at_the_third(source: Path, destination: Path, settings: PreparingSettings, **how: Any) -> PreparedVideo:
        if destination.name == "2.mp4":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(destination))
        return prepare_video(source, destination, settings, **how)

    monkeypatch.setattr(command, "prepare_video", full_at_the_third)
    assert prepare(source, tmp_path / "copy") == 1
    error = capsys.readouterr().err
    assert re.search(r"jump/2\.mp4: No space left on device; .*copy has \d+\.\d\d GB free", error)
    assert "Fix this and rerun the same command; it resumes where it stopped" in error
    assert journal_lines(tmp_path / "copy") == ALL[:2]
    monkeypatch.undo()
    assert prepare(source, tmp_path / "copy") == 0
    assert "(2 were before)" in capsys.readouterr().out


def test_videos_in_shards_are_those_of_the_files_and_a_second_run_does_only_what_is_left(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files, copy = tmp_path / "files", tmp_path / "copy"
    assert prepare(source, files) == 0
    monkeypatch.setattr(command, "prepare_video", lambda *_, **__: pytest.fail("prepared again"))
    shutil.copytree(files, copy)  # what was prepared as files is only packed
    assert prepare(source, copy, "--shards", 2) == 0
    assert "they are in 2 tar files" in capsys.readouterr().out
    assert sorted(path.name for path in copy.iterdir() if not path.name.startswith(".")) == [
        *(f"shard-0000{number}-of-00002.tar" for number in range(2)),
        "test.csv",
        "zsar_shards.jsonl",
    ]
    packed, unpacked = (
        VideoFolder(train=".", test="test.csv", data_root=root).list_videos("train") for root in (copy, files)
    )
    assert packed.all_keys() == unpacked.all_keys() == ALL
    for name in ALL:
        with open_stored(copy / name) as file:
            assert file.read() == (files / name).read_bytes()
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    assert prepare(source, copy, "--shards", 2) == 0
    assert "6 of 6 videos are prepared (6 were before)" in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before
    monkeypatch.undo()
    (source / "run" / "1.mp4").write_bytes(b"no video")
    write_video(source / "run" / "3.mp4", moving_picture(13), frames_per_second=8)
    assert prepare(source, copy, "--shards", 2) == 1
    assert "6 of 7 videos are prepared (5 were before)" in capsys.readouterr().out
    now = VideoFolder(train=".", test="test.csv", data_root=copy).list_videos("train").all_keys()
    assert now == [*(name for name in ALL if name != "run/1.mp4"), "run/3.mp4"]
    assert videos_in(copy) == []


def test_another_number_of_shards_and_shards_as_a_source_are_refused(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(source / "run")
    assert prepare(source, tmp_path / "copy", "--shards", 1) == 0
    cases = [
        ((source, tmp_path / "copy"), "was packed with --shards 1, but this run has no --shards; give the same"),
        ((source, tmp_path / "copy", "--shards", 2), "but this run has --shards 2"),
        ((source, tmp_path / "other", "--shards", 0), "--shards must be at least 1; got 0"),
        ((tmp_path / "copy", tmp_path / "other"), "zsar_shards.jsonl: the videos are in shards; give the folder"),
    ]
    for arguments, message in cases:
        assert prepare(*arguments) == 1
        assert message in capsys.readouterr().err
    assert not (tmp_path / "other").exists()


# --- processes --------------------------------------------------------------------------------------------------------


def run_script(tmp_path: Path, patch: str, *arguments: object) -> "subprocess.Popen[str]":
    """Runs the command in a process in which something is patched, as it is in the workers that it starts."""
    script = tmp_path / "run.py"
    script.write_text(
        f"import os, signal, sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        + textwrap.dedent(patch)
        + "\nif __name__ == '__main__':\n    from zsar.lightning_modules.command_line.cli import main\n"
        + "    sys.exit(main(sys.argv[1:]))\n"
    )
    return subprocess.Popen(
        [sys.executable, str(script), "prepare", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


KILL_AT_THE_END_OF_THE_THIRD = """
    from zsar.datamodules.video_files.writing import mp4_writing
    finish, calls = mp4_writing.Mp4Writer.finish, []
    def killing(encoder):
        calls.append(None)
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        finish(encoder)
    mp4_writing.Mp4Writer.finish = killing
"""


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "copy"
    process = run_script(tmp_path, KILL_AT_THE_END_OF_THE_THIRD, source, copy, "--n-workers", 1)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert journal_lines(copy) == ALL[:2]
    assert videos_in(copy) == ["jump/.2.unfinished.mp4", "jump/0.mp4", "jump/1.mp4"]
    kept = [(copy / name).stat().st_mtime_ns for name in ALL[:2]]
    assert prepare(source, copy) == 0
    assert "6 of 6 videos are prepared (2 were before)" in capsys.readouterr().out
    assert videos_in(copy) == ALL  # the unfinished file is gone
    assert [(copy / name).stat().st_mtime_ns for name in ALL[:2]] == kept
    whole = tmp_path / "whole"
    assert prepare(source, whole) == 0
    assert [(copy / name).read_bytes() for name in ALL] == [(whole / name).read_bytes() for name in ALL]


@pytest.mark.slow
def test_two_workers_do_what_one_does(source: Path, tmp_path: Path) -> None:
    (source / "run" / "9.mkv").write_bytes(b"")
    assert prepare(source, tmp_path / "two", n_workers=2) == 1
    assert prepare(source, tmp_path / "one") == 1
    assert sorted(journal_lines(tmp_path / "two")) == ALL
    for name in [*ALL, "failed_videos.csv"]:
        assert (tmp_path / "two" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()


CRASH_ON_ONE = """
    from zsar.lightning_modules.command_line import prepare as command
    prepare_video = command.prepare_video
    def crashing(source, destination, settings, **how):
        if source.name == "1.mp4":
            os.kill(os.getpid(), signal.SIGKILL)
        return prepare_video(source, destination, settings, **how)
    command.prepare_video = crashing
"""


@pytest.mark.slow
def test_a_video_that_crashes_its_worker_is_listed_and_the_others_are_prepared(source: Path, tmp_path: Path) -> None:
    shutil.rmtree(source / "run")  # every start of a worker takes seconds
    process = run_script(tmp_path, CRASH_ON_ONE, source, tmp_path / "copy", "--n-workers", 2)
    out, error = process.communicate()
    assert process.returncode == 1, error
    assert "2 of 3 videos are prepared" in out
    with (tmp_path / "copy" / "failed_videos.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["video"] == "jump/1.mp4"
    assert row["problem"].startswith("the process that prepared it died")


NOTE_AND_WAIT = """
    import time
    from pathlib import Path
    from zsar.lightning_modules.command_line import prepare as command
    def waiting(source, destination, settings, **how):
        Path(sys.argv[2], f"{source.parent.name}{source.stem}.{os.getpid()}.pid").touch()
        time.sleep(60)
    command.prepare_video = waiting
"""


@pytest.mark.slow
def test_workers_end_with_a_main_process_that_is_killed(source: Path, tmp_path: Path) -> None:
    process = run_script(tmp_path, NOTE_AND_WAIT, source, tmp_path / "copy", "--n-workers", 2)
    workers = wait_for(lambda: [int(path.suffixes[-2][1:]) for path in source.glob("*.pid")], 2)
    try:
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        wait_for(lambda: [pid for pid in workers if not is_running(pid)], 2)
    finally:
        for pid in filter(is_running, workers):
            os.kill(pid, signal.SIGKILL)
        process.communicate()
