"""`zsar classify --stream`: what is printed, when it ends, and with which status."""

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.makers.source_tree import ROOT
from tests.makers.videos.live_sources import growing, served, write_stream
from zsar.api.answers import ranking
from zsar.api.live import classify_stream
from zsar.api.live.classify_stream import LiveAnswer, LiveAnswers
from zsar.lightning_modules.command_line.classify import live
from zsar.lightning_modules.command_line.cli import main
from zsar.runtime.processes.stopping import Stopped

SUMMARY = re.compile(
    r"(\d+\.\d) seconds of video, (\d+) answers, (\d+) frames dropped(, \d+ damaged)?; "
    r"delay \d+\.\d\d s on average, at most \d+\.\d\d s; (.+)\n"
)


@pytest.fixture
def arguments(tiny_weights: Path) -> list[str]:
    model = ["--architecture", "tiny-clip", "--weights", str(tiny_weights), "--device", "cpu"]
    return ["classify", "--classes", "red, green", *model, "--window_seconds", "1", "--frames", "4"]


@pytest.fixture
def classify(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the command; gives the exit status, standard output and standard error."""

    def run(source: object, *options: object) -> tuple[int, str, str]:
        status = main([*arguments, "--stream", str(source), *map(str, options)])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


@pytest.fixture
def stream(tmp_path: Path) -> Path:
    return write_stream(tmp_path / "a.ts", 50)


@pytest.fixture
def changing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model changes its mind: red, red, green, none of these, ..."""
    names = iter(["red", "red", "green", "none of these"])
    real = ranking

    def changed(*given: Any) -> Any:
        answer = real(*given)
        return type(answer)(answer.path, answer.ranked, next(names))

    monkeypatch.setattr(classify_stream, "ranking", changed)


@pytest.mark.usefixtures("changing")
def test_a_line_is_printed_when_the_answer_changes(classify: Any, stream: Path) -> None:
    status, out, err = classify(stream, "--every_window")
    assert status == 0
    lines = [re.fullmatch(r"(\d\d:\d\d\.\d)  (.+)  (\d+\.\d) %", line) for line in out.splitlines()]
    assert [line and line[2] for line in lines] == ["red", "green", "none of these"]
    assert [line and float(line[1][-4:]) for line in lines] == pytest.approx([0.95, 1.95, 2.45], abs=0.051)
    summary = SUMMARY.fullmatch(err)
    assert summary is not None, err
    assert summary.groups() == ("2.4", "4", "0", None, "the source ended")


@pytest.mark.usefixtures("changing")
def test_json_is_an_object_a_line(classify: Any, stream: Path) -> None:
    status, out, _ = classify(stream, "--every_window", "--json")
    assert status == 0
    answers = [json.loads(line) for line in out.splitlines()]
    assert [answer["answer"] for answer in answers] == ["red", "green", "none of these"]
    assert set(answers[0]) == set(LiveAnswer(0, "a", 0.5, (), 0, 0).to_dict())


@pytest.mark.slow
def test_a_file_is_played_in_real_time(classify: Any, stream: Path) -> None:
    begin = time.monotonic()
    assert classify(stream)[0] == 0
    assert time.monotonic() - begin > 2


@pytest.mark.slow
def test_ctrl_c_ends_a_stream_within_a_second_with_a_summary_while_it_stalls(
    classify: Any, stream: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pressed: list[float] = []

    def press() -> None:
        pressed.append(time.monotonic())
        signal.raise_signal(signal.SIGINT)

    def print_and_press_later(*_: object, **__: object) -> None:
        threading.Timer(1, press).start()

    monkeypatch.setattr(live, "_print", print_and_press_later)
    with served(stream.read_bytes(), "stall") as address:
        status, _, err = classify(address, "--stream_timeout", "60")
        assert time.monotonic() - pressed[0] < 1
    assert status == 0
    summary = SUMMARY.fullmatch(err)
    assert summary is not None, err
    assert summary[5] == "Ctrl-C"


@pytest.mark.slow
def test_a_stream_ends_with_its_timeout(classify: Any, stream: Path) -> None:
    with served(stream.read_bytes(), "stall") as address:
        status, out, err = classify(address, "--stream_timeout", "0.7")
    assert status == 0
    assert out
    assert err.endswith("; no frame came for 0.7 seconds\n")


@pytest.mark.slow
def test_a_growing_file_is_followed(classify: Any, stream: Path, tmp_path: Path) -> None:
    with growing(tmp_path / "b.ts", stream.read_bytes(), seconds=1) as path:
        status, _, err = classify(path, "--follow", "--stream_timeout", "0.9")
    assert status == 0
    assert re.match(r"2\.\d seconds", err), "all but what the decoder holds back"


def test_a_stream_that_breaks_off_is_an_error_after_its_summary(classify: Any, stream: Path) -> None:
    with served(stream.read_bytes(), "reset") as address:
        status, _, err = classify(address)
    assert status == 1
    summary, error = err.splitlines()
    assert summary.endswith("; stopped")
    assert error == f"zsar classify: error: {address}: the connection was lost (while reading it)"


def one_line(result: tuple[int, str, str]) -> str:
    status, out, err = result
    assert status == 1
    assert out == ""
    (line,) = err.splitlines()
    return line


@pytest.mark.slow
def test_a_source_without_frames_is_an_error(classify: Any, tmp_path: Path) -> None:
    (tmp_path / "empty.ts").write_bytes(b"")
    assert "no frame came in 0.3 seconds" in one_line(
        classify(tmp_path / "empty.ts", "--follow", "--stream_timeout", "0.3")
    )
    assert "the file is empty" in one_line(classify(tmp_path / "empty.ts"))
    (tmp_path / "text.mp4").write_text("no video\n" * 100)
    assert "text.mp4: it cannot be read as a video" in one_line(classify(tmp_path / "text.mp4"))
    with served(b"", "close") as address:
        assert address in one_line(classify(address))


def test_what_is_wrong_with_the_source_is_said_before_the_model_is_loaded(
    classify: Any, monkeypatch: pytest.MonkeyPatch, stream: Path
) -> None:
    monkeypatch.setattr(live, "requested_recognizer", lambda *_, **__: pytest.fail("the model was loaded"))
    assert "nothing.mp4: No such file" in one_line(classify("nothing.mp4"))
    assert "an address begins with rtsp://" in one_line(classify(f"file://{stream}"))
    assert "'concat' is not a format of a file" in one_line(classify(stream, "--stream_format", "concat"))
    assert "only a file can be followed" in one_line(classify("udp://127.0.0.1:9", "--follow"))


def test_sigterm_leaves_a_summary_and_its_status(
    arguments: list[str], stream: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise Stopped(signal.SIGTERM)

    monkeypatch.setattr(live, "_print", stop)
    assert main([*arguments, "--stream", str(stream), "--every_window"]) == 143
    assert "; stopped\n" in capsys.readouterr().err


def test_ctrl_c_before_the_first_answer_says_so(
    arguments: list[str], stream: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def press(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(LiveAnswers, "__next__", press)
    assert main([*arguments, "--stream", str(stream)]) == 0
    assert capsys.readouterr().err.endswith(" seconds of video, no answer yet; Ctrl-C\n")


def test_times_are_minutes_and_seconds() -> None:
    assert [live._clock(s) for s in (0, 59.96, 61.25, 3599.97, 3725.5)] == [
        *("00:00.0", "01:00.0", "01:01.2", "1:00:00.0", "1:02:05.5"),
    ]


@pytest.fixture
def started(arguments: list[str]) -> Any:
    """Starts the command as a process of its own."""

    def start(*options: object, **settings: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "zsar", *arguments, *map(str, options)]
        return subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **settings
        )

    return start


@pytest.mark.slow
def test_a_process_reads_its_standard_input(started: Callable[..., Any], stream: Path) -> None:
    with stream.open("rb") as data:
        process = started("--stream", "-", stdin=data)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0
    assert "  red  " in out or "  green  " in out
    assert SUMMARY.fullmatch(err), err
    nothing = started("--stream", "-", stdin=subprocess.DEVNULL)
    assert "to which nothing is piped" in nothing.communicate(timeout=120)[1]
    assert nothing.returncode == 1


@pytest.mark.slow
def test_a_process_prints_at_once_and_ends_with_ctrl_c_while_its_source_stalls(
    started: Callable[..., Any], stream: Path
) -> None:
    with served(stream.read_bytes(), "stall") as address:
        process = started("--stream", address, "--stream_timeout", "100", "--json")
        stop = threading.Timer(120, process.kill)
        stop.start()
        assert json.loads(process.stdout.readline())["time_seconds"] > 0
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        begin = time.monotonic()
        summary = process.stderr.readline()
        assert time.monotonic() - begin < 1
        _, err = process.communicate()
        stop.cancel()
    assert process.returncode == 0
    assert summary.endswith("; Ctrl-C\n")
    assert err == ""
