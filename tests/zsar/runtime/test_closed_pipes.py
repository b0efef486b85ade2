"""A reader that leaves ends the program quietly, whoever writes and whenever the error comes."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import pytest

from zsar.lightning_modules.command_line.cli import COMMANDS, main
from zsar.runtime.closed_pipes import ends_with_its_reader
from zsar.runtime.terminal import result_console, say

ROOT = Path(__file__).parents[3]


@contextmanager
def nobody_reads() -> Iterator[None]:
    """Within it the reader of the standard output has left."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", encoding="utf-8") as stream, redirect_stdout(stream):
        yield


def printing() -> int:
    print("buffered")
    return 0


def exiting() -> int:
    print("buffered")
    raise SystemExit(0)


def saying() -> int:
    say("flushed")
    return 0


def drawing() -> int:
    result_console().print("by rich")
    return 0


def explaining() -> int:
    try:
        return saying()
    except OSError as error:
        raise ValueError(f"not written: {error}") from error


@pytest.mark.parametrize("run", [printing, exiting, saying, drawing, explaining])
def test_a_program_whose_reader_has_left_ends_quietly(
    run: Callable[[], int], capsys: pytest.CaptureFixture[str]
) -> None:
    with nobody_reads():
        assert ends_with_its_reader(run) == 141
        print("what Python writes when it exits", flush=True)
    assert capsys.readouterr().err == ""


def test_other_errors_are_raised_also_without_a_reader() -> None:
    with nobody_reads(), pytest.raises(ZeroDivisionError):
        ends_with_its_reader(lambda: 1 // 0)


def test_another_broken_pipe_is_an_error() -> None:
    def lose_a_peer() -> int:
        raise BrokenPipeError(32, "of a server")

    with pytest.raises(BrokenPipeError, match="of a server"):
        ends_with_its_reader(lose_a_peer)


def test_a_program_with_a_reader_has_its_own_status() -> None:
    assert ends_with_its_reader(lambda: 7) == 7
    with pytest.raises(SystemExit) as exit_:
        ends_with_its_reader(exiting)
    assert exit_.value.code == 0


@pytest.mark.parametrize("command", ["--help", "--version", *COMMANDS])
def test_the_help_of_each_command_can_be_cut_off(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with nobody_reads():
        assert main([command] if command.startswith("-") else [command, "--help"]) == 141
    assert capsys.readouterr().err == ""


def test_nothing_is_said_at_the_exit_of_the_program() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "zsar", "--help"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, cwd=ROOT, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")
