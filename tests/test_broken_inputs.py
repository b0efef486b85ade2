"""Whatever file is given to whatever option: one line with its name, before long work, and no traceback."""

import argparse
import json
import resource
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.makers.files.broken_files import CONTENTS, NODES, broken_file, broken_node
from tests.makers.models.text_towers import text_backbone
from tests.makers.results.recognition_results import write_result
from zsar.datamodules.class_text.text_files import read_class_text_file
from zsar.datamodules.diagnosis import decode_check
from zsar.datamodules.video_files.writing.encoding import write_video
from zsar.datamodules.video_files.writing.preparing_journal import Journal
from zsar.datamodules.video_files.writing.preparing_settings import PreparingSettings
from zsar.lightning_modules.command_line import cli
from zsar.lightning_modules.command_line.describe.answer_store import AnswerStore
from zsar.lightning_modules.command_line.describe.question_files import read_questions
from zsar.lightning_modules.command_line.options.command_parser import CommandParser
from zsar.lightning_modules.command_line.options.values import as_path, as_text
from zsar.lightning_modules.command_line.summarize.results.result_reading import read_result
from zsar.lightning_modules.command_line.summarize.results.run_groups import read_run
from zsar.lightning_modules.experiments.experiment_files import read_experiment
from zsar.lightning_modules.localization.stored.caption_files import read_captions
from zsar.lightning_modules.localization.stored.feature_files import read_features, read_source
from zsar.lightning_modules.run_folders.run_folder import results_in
from zsar.runtime.text.bounded_yaml import read_yaml_file

# What each reader calls its file, and how it is asked to read it.
READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "features": ("v.safetensors", read_features),
    "the source of features": ("v.safetensors", read_source),
    "captions": ("v.captions.json", read_captions),
    "a result": ("results.json", lambda path: read_result(path.parent)),
    "a run": ("results.json", lambda path: read_run(path.parent)),
    "the results of a run folder": ("results_validate.json", lambda path: results_in(path.parent)),
    "an experiment": ("e.yaml", read_experiment),
    "YAML": ("e.yaml", read_yaml_file),
    "class text": ("t.json", read_class_text_file),
    "class text of T2L's authors": ("t.csv", read_class_text_file),
    "questions": ("t.txt", lambda path: read_questions(path, "direct")),
    "the answers of describe": (
        "t.json.partial",
        lambda path: AnswerStore(path.with_suffix(""), "description", model="m", n_texts=1, questions=()),
    ),
    "the journal of prepare": (".prepared.jsonl", lambda path: Journal(path.parent, PreparingSettings())),
    "the journal of the doctor": ("decoded.jsonl", decode_check._read),
}

MOST_MB = 400
KINDS = [*CONTENTS, *NODES]
# A few of each sort for whole commands, of which each takes longer.
SOME = ("empty", "noise", "a web page", "JSON null", "JSON nested 100,000 deep", "half of a checkpoint", *NODES)


@pytest.fixture(autouse=True)
def little_memory() -> Iterator[None]:
    """No case takes more memory than models this small need, whatever a file claims."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    taken_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024  # of KiB, on Linux
    assert taken_mb < MOST_MB


def broken(folder: Path, kind: str, *, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return (broken_file if kind in CONTENTS else broken_node)(folder, kind, name=name)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reader", READERS)
def test_every_reader_takes_a_file_or_names_it_in_one_line(tmp_path: Path, reader: str, kind: str) -> None:
    name, read = READERS[reader]
    path = broken(tmp_path / "there", kind, name=name)
    try:
        read(path)
    except (ValueError, OSError) as error:
        said = str(error)
        assert str(path) in said or str(path.parent) in said
        assert len(said) < 800 + 2 * len(str(path))
        assert "Traceback" not in said


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "YAML with tabs"])
def test_no_such_file_passes_for_features_captions_or_a_result(tmp_path: Path, kind: str) -> None:
    for number, reader in enumerate(("features", "captions", "a run")):
        name, read = READERS[reader]
        with pytest.raises((ValueError, FileNotFoundError)):
            read(broken(tmp_path / str(number), kind, name=name))


# --- the commands -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of two small videos each, a folder per class."""
    folder = tmp_path_factory.mktemp("videos")
    for name in ("running/0", "running/1", "jumping/0", "jumping/1"):
        frames = np.full((8, 32, 40, 3), 20 * len(name) + int(name[-1]), dtype=np.uint8)
        (folder / name).parent.mkdir(exist_ok=True)
        write_video(folder / f"{name}.mp4", frames, frames_per_second=8)
    return folder


TINY = ("--architecture", "tiny-clip", "--weights", "WEIGHTS")
NAMED = ("--classes", "running, jumping")
FRAME_WISE = ("--method", "frame-wise", "--n-workers", "0", "--device", "cpu")
# Every option of the small commands that names a file to be read: the command line, in which FILE is the broken one.
COUNTED = ("experiment/moving_shapes_zero_shot", "--what", "count")
GIVEN: dict[tuple[str, str], tuple[str, ...]] = {
    ("classify", "--checkpoint"): ("VIDEO", *NAMED, "--checkpoint", "FILE.ckpt"),
    ("classify", "--weights"): ("VIDEO", *NAMED, "--architecture", "tiny-clip", "--weights", "FILE.pt"),
    ("classify", "--architecture"): ("VIDEO", *NAMED, "--architecture", "FILE.json", "--weights", "random"),
    ("classify", "--classes_file"): ("VIDEO", "--classes-file", "FILE.txt", *TINY),
    ("classify", "--adaptation"): ("VIDEO", *NAMED, "--adaptation", "FILE.yaml", *TINY),
    ("classify", "--descriptions"): ("VIDEO", *NAMED, "--descriptions", "FILE.json", *TINY),
    ("localize", "--classes_file"): ("VIDEO", "--classes-file", "FILE.txt", *TINY, *FRAME_WISE),
    ("localize", "--weights"): ("VIDEO", *NAMED, "--architecture", "tiny-clip", "--weights", "FILE.pt", *FRAME_WISE),
    ("localize", "--architecture"): (
        "VIDEO",
        *NAMED,
        "--architecture",
        "FILE.json",
        "--weights",
        "random",
        *FRAME_WISE,
    ),
    ("localize", "--checkpoint"): ("VIDEO", *NAMED, "--checkpoint", "FILE.ckpt", *FRAME_WISE),
    ("localize", "--annotations"): ("VIDEO", *NAMED, "--annotations", "FILE.json", *TINY, *FRAME_WISE),
    ("extract", "--weights"): ("VIDEO", "--output", "OUT", "--architecture", "tiny-clip", "--weights", "FILE.pt"),
    ("extract", "--architecture"): ("VIDEO", "--output", "OUT", "--architecture", "FILE.json", "--weights", "random"),
    ("embed", "--weights"): ("VIDEO", "--output", "OUT", "--architecture", "tiny-clip", "--weights", "FILE.pt"),
    ("embed", "--architecture"): ("VIDEO", "--output", "OUT", "--architecture", "FILE.json", "--weights", "random"),
    ("embed", "--checkpoint"): ("VIDEO", "--output", "OUT", "--checkpoint", "FILE.ckpt"),
    ("embed", "--config"): ("--config", "FILE.yaml", "--output", "OUT"),
    ("convert", "checkpoint"): ("FILE.pth", "--output", "OUT"),
    ("convert", "--weights"): ("VIDEO", "--weights", "FILE.pt", "--output", "OUT"),
    ("convert", "--architecture"): ("VIDEO", "--architecture", "FILE.json", "--output", "OUT"),
    ("describe", "--question"): ("--classes", "a", "--question", "FILE.txt", "--kind", "direct", "--output", "OUT"),
    ("describe", "--classes_file"): ("--classes-file", "FILE.txt", "--kind", "description", "--output", "OUT"),
    ("share", "checkpoint"): ("FILE.ckpt", "--output", "OUT"),
    ("export", "--checkpoint"): (*NAMED, "--checkpoint", "FILE.ckpt", "--output", "OUT.onnx"),
    ("export", "--weights"): (*NAMED, "--architecture", "tiny-clip", "--weights", "FILE.pt", "--output", "OUT.onnx"),
    ("export", "--architecture"): (
        *NAMED,
        *("--architecture", "FILE.json", "--weights", "random", "--output", "OUT.onnx"),
    ),
    ("export", "--classes_file"): ("--classes-file", "FILE.txt", *TINY, "--output", "OUT.onnx"),
    ("export", "--descriptions"): (*NAMED, "--descriptions", "FILE.json", *TINY, "--output", "OUT.onnx"),
    ("batch", "file"): ("FILE.txt",),
    ("batch", "--record"): ("COMMANDS", "--record", "FILE.jsonl"),
    ("reproduce", "--papers"): ("t2l/table1", "--dry_run", "--papers", "FILE.yaml"),
    ("profile", "--config"): ("--config", "FILE.yaml", "--what", "count"),
    ("profile", "--adaptation"): (*COUNTED, "--adaptation", "FILE.yaml"),
    ("profile", "--trainer"): (*COUNTED, "--trainer", "FILE.yaml"),
}
# Those that name what is written, folders, or videos, which have tests of their own.
OTHERS = {
    *(("classify", "videos"), ("localize", "videos"), ("extract", "videos")),
    *(("embed", "videos"), ("embed", "--output"), ("classify", "--embeddings")),
    ("classify", "--output"),
    *(("classify", "--draw"), ("localize", "--draw")),
    *(("search", option) for option in ("folder", "--output", "--weights", "--checkpoint")),  # need embeddings
    *(
        (command, "--output")
        for command in (
            "share",
            "export",
            "localize",
            "extract",
            "convert",
            "describe",
            "picture",
            "summarize",
            "report",
            "doctor",
        )
    ),
    *(("share", "--weights"), ("share", "--results")),
    ("summarize", "--compare"),  # folders
    *(("models", "--output"), ("profile", "--output"), ("profile", "--results")),
    *((command, "--tokenizer") for command in ("classify", "localize", "export", "search")),  # folders, tested below
    *(("reproduce", "--output"), ("reproduce", "--markdown")),
    *(("pretrain-tiny", "--output"), ("localize", "--features"), ("localize", "--captions")),
    *(
        ("summarize", "runs"),
        ("report", "runs"),
        ("picture", "runs"),
        ("prepare", "source"),
        ("prepare", "destination"),
    ),
}
# A line of text is a list of one class; an empty record has no commands yet.
SOUND = {("--record", "empty"), ("--classes_file", "JSON null"), ("--classes_file", "JSON nested 100,000 deep")}
_FILE_LIKE = ("weights", "architecture", "descriptions", "file")


class _Seen(Exception):
    """The parser of a command, in place of a run."""


@pytest.fixture
def parsers(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], argparse.ArgumentParser]:
    """The parser of a command, seen when it begins to parse."""

    def seen(self: CommandParser, *_: object) -> None:
        raise _Seen(self)

    def parser_of(command: str) -> argparse.ArgumentParser:
        monkeypatch.setattr(CommandParser, "parse_args", seen)
        monkeypatch.setenv("ZSAR_TRACEBACK", "1")
        with pytest.raises(_Seen) as caught:
            cli.main([command])
        parser: argparse.ArgumentParser = caught.value.args[0]
        return parser

    return parser_of


def files_of(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        is_path, is_text = action.type in (Path, as_path), action.type in (None, as_text)
        is_file = is_path or action.metavar == "FILE" or (is_text and action.dest in _FILE_LIKE)
        if is_file and not action.choices:
            yield action.option_strings[-1] if action.option_strings else action.dest


def test_every_option_that_takes_a_file_is_known_here(parsers: Callable[[str], argparse.ArgumentParser]) -> None:
    small = [name for name, (_, module) in cli.COMMANDS.items() if module is not None]
    found = {(command, option) for command in small for option in files_of(parsers(command))}
    known = {*GIVEN, *OTHERS, *OF_LIGHTNING}
    assert found - known == set(), "add a command line to GIVEN, or the option to OTHERS"
    assert {option for option in GIVEN if option not in found} == set()


def said_of(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The only line of an error, without a traceback."""
    try:
        status = cli.main(arguments)
    except SystemExit as stop:
        status = int(stop.code or 0)
    said = capsys.readouterr().err
    assert status in (1, 2), said
    lines = [line for line in said.splitlines() if line.strip()]
    assert len(lines) == 1, said
    assert lines[0].startswith(f"zsar {arguments[0]}: error: ")
    assert len(lines[0]) < 1200
    return lines[0]


@pytest.mark.slow
@pytest.mark.parametrize("kind", SOME)
@pytest.mark.parametrize(("command", "option"), GIVEN)
def test_every_command_names_a_broken_file_in_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    videos: Path,
    tiny_weights: Path,
    command: str,
    option: str,
    kind: str,
) -> None:
    if (option, kind) in SOUND:
        pytest.skip("this is a sound file")
    values = {
        "VIDEO": str(next(videos.rglob("*.mp4"))),
        "WEIGHTS": str(tiny_weights),
        "OUT": str(tmp_path / "out"),
        "COMMANDS": str(tmp_path / "commands.txt"),
    }
    (tmp_path / "commands.txt").write_text("zsar summarize --help\n")
    arguments = [values.get(word, word) for word in GIVEN[command, option]]
    name = next(word for word in arguments if word.startswith("FILE."))
    path = broken(tmp_path / "given", kind, name=name)
    line = said_of([command, *(str(path) if word == name else word for word in arguments)], capsys)
    if command != "convert" or option == "checkpoint":  # else the checkpoint, here a video, is refused first
        assert name in line, line


@pytest.mark.slow
@pytest.mark.parametrize("kind", SOME)
@pytest.mark.parametrize("of", ["siglip2", "roberta"])
def test_a_broken_tokenizer_is_named_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], videos: Path, of: str, kind: str
) -> None:
    architecture, folder = text_backbone(tmp_path, of).architecture, tmp_path / "given"
    shutil.copytree(tmp_path / of, folder)
    (folder / "tokenizer.json").unlink()
    broken(folder, kind, name="tokenizer.json")
    video = str(next(videos.rglob("*.mp4")))
    model = ["--architecture", architecture, "--weights", "random", "--tokenizer", str(folder)]
    assert str(folder) in said_of(["classify", video, *NAMED, *model], capsys)


# What names a file to `zsar fit`, `test` and `doctor`, beside a sound experiment.
OF_LIGHTNING = {
    ("fit", "--config"): "FILE.yaml",
    ("fit", "--model"): "FILE.yaml",
    ("fit", "--data"): "FILE.yaml",
    ("fit", "--trainer"): "FILE.yaml",
    ("fit", "--ckpt_path"): "FILE.ckpt",
    ("fit", "--model.backbone.weights"): "FILE.pt",
    ("fit", "--model.backbone.architecture"): "FILE.json",
    ("fit", "--model.start_from"): "FILE.ckpt",
    ("fit", "--data.train"): "FILE.csv",
    ("fit", "--data.split.exclude"): "FILE.csv",
    ("fit", "--data.text.descriptions"): "FILE.json",
    ("test", "--adaptation"): "FILE.yaml",
    ("test", "--ckpt_path"): "FILE.ckpt",
    ("test", "--data.test"): "FILE.csv",
    ("doctor", "--config"): "FILE.yaml",
    ("doctor", "--data"): "FILE.yaml",
}
MODELS = {"--model.start_from": "zsar.lightning_modules.ap_clip.APCLIP"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", SOME)
@pytest.mark.parametrize(("command", "option"), OF_LIGHTNING)
def test_a_training_names_a_broken_file_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    videos: Path,
    tiny_weights: Path,
    command: str,
    option: str,
    kind: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    path = broken(tmp_path / "given", kind, name=OF_LIGHTNING[command, option])
    experiment = write_experiment(
        tmp_path, videos, tiny_weights, model=MODELS.get(option, "zsar.lightning_modules.t2l.T2L")
    )
    sound = [] if (command, option) == ("doctor", "--data") else ["--config", str(experiment)]
    untrained = ["--ckpt_path", "none"] if (command, option) == ("test", "--data.test") else []
    line = said_of([command, *sound, *untrained, option, str(path)], capsys)
    assert path.name in line, line


def write_experiment(folder: Path, videos: Path, weights: Path, *, model: str) -> Path:
    """An experiment that would train for a step."""
    settings: dict[str, Any] = {"backbone": {"architecture": "tiny-clip", "weights": str(weights)}}
    if model.endswith("T2L"):
        settings |= {"n_frames": 4, "diversity_weight": 0.0}
    data = {
        "train": str(videos),
        "test": str(videos),
        "clips": {"n_frames": 4, "image_size": 32},
        "split": {"held_out_fraction": 0.5},
        "loading": {"batch_size": 4, "n_workers": 0},
    }
    content = {
        "run_dir": str(folder / "run"),
        "model": {"class_path": model, "init_args": settings},
        "data": {"class_path": "zsar.datamodules.data_sets.VideoFolder", "init_args": data},
        "trainer": {"accelerator": "cpu", "devices": 1, "fast_dev_run": True, "enable_progress_bar": False},
    }
    path = folder / "experiment.yaml"
    path.write_text(json.dumps(content))
    return path


# --- what commands read back from a run folder ------------------------------------------------------------------------

# The command line, in which RUN is the folder of the run, and the file there that is broken.
READ_BACK = {
    "summarize": (("summarize", "RUN"), "results.json"),
    "report": (("report", "RUN", "--output", "OUT.html"), "results.json"),
    "picture, predictions": (("picture", "RUN", "--output", "OUT.png"), "predictions_novel.csv"),
    "picture, results": (("picture", "RUN", "--output", "OUT.png"), "results.json"),
}


@pytest.mark.parametrize("kind", SOME)
@pytest.mark.parametrize("case", READ_BACK)
def test_a_broken_file_of_a_run_is_named_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str, kind: str
) -> None:
    words, name = READ_BACK[case]
    run = tmp_path / "run"
    run.mkdir()
    if case == "picture, results":
        (run / "predictions_novel.csv").write_text("path,label,prediction\na.mp4,x,y\n")
    broken(run, kind, name=name)
    values = {"RUN": str(run), "OUT.png": str(tmp_path / "out.png"), "OUT.html": str(tmp_path / "out.html")}
    line = said_of([values.get(word, word) for word in words], capsys)
    assert name in line or str(run) in line, line


@pytest.mark.parametrize("kind", SOME)
@pytest.mark.parametrize("name", ["results_validate.json", "predictions_test.csv", "csv/fit/metrics.csv"])
def test_a_report_names_a_broken_file_and_has_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, kind: str
) -> None:
    run = write_result(tmp_path / "run", {"test": 50.0})
    broken((run / name).parent, kind, name=Path(name).name)
    page = tmp_path / "page.html"
    status = cli.main(["report", str(run), "--output", str(page)])
    captured = capsys.readouterr()
    assert status in (0, 1)  # 0 where it passes for an empty file of its kind
    assert all(line.startswith("not read: ") and name in line for line in captured.err.splitlines()), captured.err
    assert status == (1 if captured.err else 0)
    assert "50.0 % top-1" in page.read_text()


def test_a_file_whose_name_has_two_lines_is_named_in_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "a\nrun [/b]"
    broken(folder, "a web page", name="results.json")
    assert "results.json" in said_of(["summarize", str(folder)], capsys)
    shutil.rmtree(folder)
