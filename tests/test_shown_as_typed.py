"""One rule over the command line: names of files, classes and runs are shown as they were typed, whatever they hold."""

import csv
import json
import os
import shutil
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.makers.results.recognition_results import write_result
from zsar.lightning_modules.command_line.cli import COMMANDS, main
from zsar.runtime.terminal import shown
from zsar.runtime.text.written_names import read_name

CLASSES = ("a [b]", "[red] dance", "[/] x", ":smile:", "ends\\", "{} %s", "$x$ y")
FILES = (
    *(b"goal [abcDEF12345].mp4", b"[red].mp4", b":smile:.mp4", b"back\\.mp4", b"{} %s $x$.mp4", b"new\nline.mp4"),
    *(
        b"\x1b[31mred.mp4",
        b"ros\xe9.mp4",
        "e\u0301.mp4".encode(),
        "\u05e9\u05dc.mp4".encode(),
        "\u202ertl.mp4".encode(),
    ),
)
BAD = b"bad [bold] \xff.mp4"


@pytest.fixture
def folder(video_tree: Path, tmp_path: Path) -> Path:
    """Videos with every name, beside one that cannot be decoded, in a folder of such a name."""
    folder = tmp_path / "videos [x] $y$"
    folder.mkdir()
    for name in FILES:
        shutil.copy(video_tree / "red dance" / "0.mp4", folder / os.fsdecode(name))
    (folder / os.fsdecode(BAD)).write_bytes(b"")
    return folder


@pytest.fixture
def model(tiny_weights: Path) -> list[str]:
    return ["--architecture", "tiny-clip", "--weights", str(tiny_weights), "--device", "cpu"]


def flat(text: str) -> str:
    """Without the lines of tables and the blanks where they break names."""
    return "".join(text.translate(dict.fromkeys(map(ord, "│┃|\n "))).split())


def assert_shown(printed: str, names: tuple[bytes, ...]) -> None:
    assert "Traceback" not in printed
    assert "\x1b[31m" not in printed
    for name in names:
        assert flat(shown(os.fsdecode(name))) in flat(printed), name
    printed.encode()


def classify(folder: Path, model: list[str], output: Path) -> int:
    return main(["classify", str(folder), "--classes", ",".join(CLASSES), "--top-k", "9", *model])


def localize(folder: Path, model: list[str], output: Path) -> int:
    options = ["--method", "frame-wise", "--output", str(output)]
    return main(["localize", str(folder), "--classes", ",".join(CLASSES), *model, *options])


@pytest.mark.parametrize("width", ["40", "200"])
@pytest.mark.parametrize("command", [classify, pytest.param(localize, marks=pytest.mark.slow)])
def test_tables_show_names_of_files_and_classes(
    command: Callable[..., int],
    width: str,
    folder: Path,
    model: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("zsar.runtime.terminal._WIDTH_OF_FILES", int(width))
    assert command(folder, model, tmp_path / "out [b]") == 1
    captured = capsys.readouterr()
    assert_shown(captured.err, (BAD,))
    if width == "40":  # where cells of several lines stand beside each other
        return
    stems = tuple(name.removesuffix(b".mp4") for name in FILES)
    assert_shown(captured.out, stems)
    if command is classify:
        assert_shown(captured.out, tuple(name.encode() for name in CLASSES))


@pytest.mark.parametrize("command", ["classify", pytest.param("localize", marks=pytest.mark.slow)])
def test_json_holds_names_as_python_has_them(
    command: str, folder: Path, model: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = [] if command == "classify" else ["--method", "frame-wise", "--output", str(tmp_path / "out")]
    assert main([command, str(folder), "--classes", ",".join(CLASSES), "--json", *own, *model]) == 1
    printed = capsys.readouterr().out
    printed.encode()
    assert {os.fsencode(Path(row["path"]).name) for row in json.loads(printed)} == {*FILES, BAD}
    for path in (tmp_path / "out").glob("*.json"):
        content = json.loads(path.read_bytes().decode("utf-8"))
        assert Path(content["path"]).stem == path.stem


def test_features_are_named_after_their_videos_and_found_again(
    folder: Path, model: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["extract", str(folder), "--output", str(tmp_path / "out"), "--n-workers", "0", *model]
    assert main(command) == 1
    assert_shown(capsys.readouterr().err, (BAD,))
    made = {os.fsencode(path.stem) for path in (tmp_path / "out").iterdir()}
    assert made == {name.removesuffix(b".mp4") for name in FILES}
    assert main(command) == 1
    assert f"({len(FILES)} were before)" in capsys.readouterr().out


def test_copies_have_the_names_of_their_originals(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["prepare", str(folder), str(tmp_path / "copy"), "--n-workers", "1"]
    assert main(command) == 1
    assert_shown(capsys.readouterr().err, (BAD,))
    assert {os.fsencode(path.name) for path in (tmp_path / "copy").glob("*.mp4")} == set(FILES)
    with (tmp_path / "copy" / "failed_videos.csv").open(encoding="utf-8", newline="") as file:
        assert [os.fsencode(read_name(row["video"])) for row in csv.DictReader(file)] == [BAD]
    assert main(command) == 1
    assert f"({len(FILES)} were before)" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["extract", "localize", "prepare"])
def test_a_name_too_long_for_the_file_made_of_it_is_one_problem_and_the_others_go_on(
    command: str, video_tree: Path, model: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder := tmp_path / "long names").mkdir()
    for name in ("b" * 252 + ".ts", "a.mp4", "c.mp4"):
        shutil.copy(video_tree / "red dance" / "0.mp4", folder / name)
    out = str(tmp_path / "out")
    typed = {
        "extract": [str(folder), "--output", out, "--n-workers", "0", *model],
        "localize": [str(folder), "--output", out, "--classes", "a,b", "--steps", "0", "--n-workers", "0", *model],
        "prepare": [str(folder), out, "--n-workers", "1"],
    }
    for _ in range(2):
        assert main([command, *typed[command]]) == 1
        listed = Path(out) / "failed_videos.csv"  # the table of `prepare` breaks the name and its problem
        said = listed.read_text() if listed.is_file() else capsys.readouterr().err
        assert "the limit is 255 (it ends in" in said
        assert {path.stem for path in Path(out).iterdir() if path.suffix in (".mp4", ".json", ".safetensors")} == {
            "a",
            "c",
        }


def test_the_doctor_shows_and_writes_them(
    video_tree: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(folder, video_tree / CLASSES[0])
    data = ["--data", "zsar.datamodules.data_sets.VideoFolder", "--data.train", str(video_tree)]
    assert main(["doctor", *data, "--decode", "all", "--n_workers", "0", "--output", str(tmp_path / "d")]) == 1
    assert_shown(capsys.readouterr().out, (BAD,))
    with (tmp_path / "d" / "bad_videos.csv").open(encoding="utf-8", newline="") as file:
        assert [os.fsencode(Path(read_name(row["video"])).name) for row in csv.DictReader(file)] == [BAD]
    json.loads((tmp_path / "d" / "report.json").read_bytes().decode("utf-8"))


@pytest.mark.parametrize("name", ["run [b]", "[red]", ":smile:", "{} $x$", "ends\\"])
def test_a_summary_shows_names_of_runs(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_result(tmp_path / name, {"base": 40.0, "novel": 50.0})
    assert main(["summarize", str(tmp_path / name)]) == 0
    assert_shown(capsys.readouterr().out, (name.encode(),))


WITH_A_VIDEO = {"classify": "--classes=a,b", "localize": "--classes=a,b", "extract": "--output=x"}


@pytest.mark.parametrize(
    "name", [b"gone [b].mp4", b"[red]:smile:.mp4", b"new\nline.mp4", b"\x1b[31m.mp4", b"ros\xe9.mp4"]
)
@pytest.mark.parametrize("command", WITH_A_VIDEO)
def test_an_error_names_a_missing_file_as_typed(
    command: str, name: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--output", str(tmp_path / "x")] if command == "localize" else []
    assert main([command, str(tmp_path / os.fsdecode(name)), WITH_A_VIDEO[command], *more]) == 1
    printed = capsys.readouterr().err
    assert len(printed.splitlines()) == 1
    assert_shown(printed, (name,))


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", ["--[red]\x1b[31m", "--:smile:\udcff"])
def test_a_wrong_option_is_named_as_typed(command: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with suppress(SystemExit):
        assert main([command, name]) in (1, 2)
    captured = capsys.readouterr()
    assert_shown(captured.err, ())
    assert "\x1b" not in captured.out + captured.err


def test_brackets_in_a_folder_are_no_pattern(
    folder: Path, model: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for given in (folder / "goal [abcDEF12345].mp4", folder / "*goal*.mp4", folder / "?oal*.mp4"):
        assert main(["classify", str(given), "--classes", "a,b", "--json", *model]) == 0
        (row,) = json.loads(capsys.readouterr().out)
        assert Path(row["path"]).name == "goal [abcDEF12345].mp4"


def test_results_of_videos_whose_names_are_not_utf8_are_read_back(
    video_tree: Path, model: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (video_tree / "red dance" / os.fsdecode(BAD)).write_bytes(b"")
    shutil.copy(video_tree / "red dance" / "0.mp4", video_tree / "red dance" / os.fsdecode(b"ros\xe9 [b]\n.mp4"))
    run = tmp_path / "run [b]"
    frozen = [
        "--model",
        "ZeroShotCLIP",
        "--model.backbone.architecture",
        "tiny-clip",
        "--model.backbone.weights",
        model[3],
    ]
    data = ["--data", "VideoFolder", "--data.train", str(video_tree), "--data.predict", str(video_tree / "red dance")]
    data += ["--data.clips.image_size", "32", "--data.loading.n_workers", "0", "--data.loading.batch_size", "4"]
    for _ in range(2):
        assert main(["predict", *frozen, *data, "--trainer.accelerator", "cpu", "--run_dir", str(run)]) == 1
        assert_shown("".join(capsys.readouterr()), (BAD,))
    assert main(["picture", str(run), "--set", "predict", "--count", "99", "--output", str(run / "x.png")]) == 1
    assert_shown(capsys.readouterr().err, (BAD,))


@pytest.mark.parametrize("command", ["fit", "validate", "test", "predict", "doctor"])
def test_a_setting_that_is_not_utf8_is_named_with_the_remedy(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", "VideoFolder", "--data.train", os.fsdecode(b"/gone/ros\xe9 [b]")]
    assert main([command, *data]) == 1
    printed = capsys.readouterr().err
    assert r"/gone/ros\xe9 [b]: the byte 0xe9 is not UTF-8" in printed
    assert len(printed.splitlines()) == 1


@pytest.mark.parametrize("command", ["fit", "validate", "test", "predict"])
def test_warnings_of_a_run_show_names_as_typed_although_lightning_has_its_own_form(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(warnings, "formatwarning", lambda message, *place: str(message))
    with suppress(SystemExit):
        main([command, "--data.help"])
    for name in (b"\x1b[31mred.mp4", b"ros\xe9.mp4"):
        said = warnings.formatwarning(f"replaced: {os.fsdecode(name)}", UserWarning, "recognizer.py", 1)
        assert_shown(said, (name,))
