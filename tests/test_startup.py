"""Of the modules that take seconds to import, commands need none to read their line, and those named here to run."""

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.makers.command_line.chat_server import Answer, chat_server, description
from tests.makers.results.recognition_results import write_result
from zsar.lightning_modules.command_line.cli import COMMANDS
from zsar.lightning_modules.command_line.models.stored_rows import installed_versions, stored_versions

HEAVY = ("torch", "torchvision", "lightning", "open_clip", "av", "matplotlib", "transformers", "torchmetrics", "wandb")
SMALL = sorted(name for name, (_, module) in COMMANDS.items() if module is not None)
OF_LIGHTNING = sorted(name for name, (_, module) in COMMANDS.items() if module is None)
# A command line, and the exit status with which it is answered. An option that resembles none of zsar's may be one of
# Lightning's, which only its parser knows.
LINES = [
    *(((name, *rest), status) for name in SMALL for rest, status in ((("--help",), 0), (("--not_there",), 2))),
    *(
        ((name, *rest), status)
        for name in OF_LIGHTNING
        for rest, status in ((("--help",), 0), ((), 2), (("--modle", "T2L"), 2), (("--config", "not_there.yaml"), 2))
    ),
    (("--help",), 0),
    (("--version",), 0),
    (("not_there",), 2),
]
SCRIPT = """
import json, sys
from zsar.lightning_modules.command_line.cli import main
heavy, lines = json.loads(sys.argv[1])
answered = {}
for arguments in lines:
    try:
        status = main(arguments)
    except SystemExit as ended:
        status = ended.code
    answered[" ".join(arguments)] = [status, [m for m in heavy if m in sys.modules]]
print("\\n" + json.dumps(answered))
"""


def answered(*lines: tuple[str, ...]) -> dict[str, list[object]]:
    """Exit status of each command line, and the heavy modules that are imported after it, all in one new process."""
    command = [sys.executable, "-c", SCRIPT, json.dumps([HEAVY, lines])]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    statuses: dict[str, list[object]] = json.loads(process.stdout.splitlines()[-1])
    return statuses


@pytest.fixture(scope="module")
def imported() -> dict[str, list[object]]:
    """One process for all lines: a heavy module shows in all that follow."""
    return answered(*(line for line, _ in LINES))


@pytest.mark.parametrize(("line", "status"), LINES)
def test_a_command_line_is_read_before_anything_heavy_is_imported(
    imported: dict[str, list[object]], line: tuple[str, ...], status: int
) -> None:
    assert imported[" ".join(line)] == [status, []]


def test_a_small_command_ends_without_a_search_for_garbage() -> None:
    """Which takes seconds once torch and Lightning are imported: what is frozen is not searched."""
    code = (
        "import atexit, gc\natexit.register(lambda: print('frozen', gc.get_freeze_count() > 1000))\n"
        "from zsar.lightning_modules.command_line.cli import main\nmain(['picture', '--help'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("frozen True\n")


# What each of these commands may import to do its work; those that are not here run models by Lightning.
OF_CLIP = {"torch", "torchvision", "open_clip", "transformers", "wandb"}  # open_clip imports the others
MAY_IMPORT: dict[str, set[str]] = {
    "summarize": set(),
    "report": set(),  # of a run whose experiment is not recorded; else it is parsed, which needs all
    "picture": {"av", "matplotlib"},
    "prepare": {"av"},
    "reproduce": set(),
    "models": set() if stored_versions() == installed_versions() else set(HEAVY),  # else its rows are computed
    "batch": set(),
    "describe": OF_CLIP,  # whose tokenizer counts the tokens of an answer
    "extract": OF_CLIP | {"av"},
}


@pytest.fixture
def lines(tmp_path: Path, video_tree: Path, tiny_weights: Path) -> Iterator[dict[str, list[object]]]:
    """A command line for each of them, on real inputs."""
    run = write_result(tmp_path / "run", {"test": 50})
    pictured = tmp_path / "pictured"
    pictured.mkdir()
    (pictured / "results.json").write_text(json.dumps({"data": {"roots": {"test": str(video_tree)}}}))
    with (pictured / "predictions_test.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [("path", "label", "prediction", "probability", "decoded"), ("red dance/0.mp4", "a", "b", "0.5", "yes")]
        )
    (tmp_path / "commands.txt").write_text(f"zsar summarize {run}\nzsar summarize --help\n")
    clip = ("--architecture", "tiny-clip", "--weights", tiny_weights)
    with chat_server() as server:
        server.answer = lambda name, said: Answer(description(name))
        asked = ("--kind", "description", "--base-url", server.url, "--model", "tiny")
        yield {
            "report": [run],
            "summarize": [run, "--output", tmp_path / "r.json"],
            "picture": [pictured, "--set", "test", "--output", tmp_path / "p.png"],
            "prepare": [video_tree, tmp_path / "prepared", "--n_workers", "1"],
            "reproduce": ["--list"],
            "models": ["ViT-S-16-alt"],
            "batch": [tmp_path / "commands.txt"],
            "describe": ["--classes", "run, swim", *asked, "--output", tmp_path / "t.json"],
            "extract": [video_tree / "red dance" / "0.mp4", "--output", tmp_path / "features", *clip],
        }


@pytest.mark.parametrize("command", MAY_IMPORT)
def test_a_command_imports_nothing_heavy_that_its_work_does_not_need(
    command: str, lines: dict[str, list[object]]
) -> None:
    ((status, imported),) = answered((command, *map(str, lines[command]))).values()
    assert status == 0
    assert set(imported) <= MAY_IMPORT[command]  # type: ignore[call-overload] - a list from JSON


def test_a_chart_needs_matplotlib_alone(tmp_path: Path) -> None:
    run = write_result(tmp_path / "run", {"test": 50})
    line = ("summarize", str(run), "--output", str(tmp_path / "chart.png"))
    assert list(answered(line).values()) == [[0, ["matplotlib"]]]


@pytest.mark.parametrize(
    "line",
    [("summarize", "there/is/none"), ("report", "there/is/none"), ("picture", "none", "--output", "p.png"),
     ("batch", "none.txt"),
     ("models", "not-there"),
     ("reproduce", "none/table1"), ("prepare", "none", "copies"), ("search", "none", "a text", "--top_k", "0")],
)  # fmt: skip
def test_an_error_is_explained_without_importing_more(line: tuple[str, ...]) -> None:
    ((status, imported),) = answered(line).values()
    assert status == 1
    assert set(imported) <= MAY_IMPORT.get(line[0], set())  # type: ignore[call-overload] - a list from JSON
