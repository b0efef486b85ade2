"""A pipe or growing file: waits for data, ends at the end of a pipe, and when it is told to."""

import os
import resource
import threading
import time
from pathlib import Path

import pytest

from zsar.datamodules.video_files.live.waiting_input import WaitingInput


def later(seconds: float, work: object) -> None:
    assert callable(work)
    timer = threading.Timer(seconds, work)
    timer.daemon = True
    timer.start()


def test_a_growing_file_is_waited_for_until_reading_is_stopped(tmp_path: Path) -> None:
    path, stopped = tmp_path / "a", threading.Event()
    path.write_bytes(b"ab")
    with WaitingInput(str(path), grows=True, stopped=stopped) as data:
        assert data.read(1) == b"a"
        assert data.read(9) == b"b"
        later(0.2, lambda: path.write_bytes(b"abcd"))
        assert data.read(9) == b"cd"
        later(0.2, stopped.set)
        begin = time.monotonic()
        assert data.read(9) == b""
        assert time.monotonic() - begin < 1


def test_a_pipe_is_waited_for_and_ends_with_its_writer(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with WaitingInput(str(path), grows=False, stopped=threading.Event()) as data:  # before there is a writer
        later(0.2, lambda: path.write_bytes(b"abc"))
        assert data.read(2) == b"ab"
        assert data.read(2) == b"c"
        assert data.read(2) == b""


def test_a_pipe_without_data_ends_when_reading_is_stopped(tmp_path: Path) -> None:
    path, stopped = tmp_path / "pipe", threading.Event()
    os.mkfifo(path)
    with WaitingInput(str(path), grows=False, stopped=stopped) as data:
        later(0.1, stopped.set)
        assert data.read(2) == b""


def test_a_pipe_is_read_in_a_process_that_has_many_open_files(tmp_path: Path) -> None:
    opened = [os.open(os.devnull, os.O_RDONLY)]
    try:
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        if limit < 1200:
            pytest.skip(f"this process may open {limit} files")
        opened += [os.dup(opened[0]) for _ in range(1100)]
        os.mkfifo(tmp_path / "pipe")
        later(0.1, lambda: (tmp_path / "pipe").write_bytes(b"data"))
        with WaitingInput(str(tmp_path / "pipe"), grows=False, stopped=threading.Event()) as pipe:
            assert pipe.read(10) == b"data"
    finally:
        for descriptor in opened:
            os.close(descriptor)
