from __future__ import annotations

import os
from pathlib import Path

import pytest

from zsar.lightning_modules.command_line.batch.finished_commands import FinishedCommands, input_states
from zsar.runtime.files.given_files import GivenFileError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(path: str, text: str) -> str:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)
    return path


def changed(path: str) -> None:
    later = os.stat(path).st_mtime_ns + 10**9
    os.utime(path, ns=(later, later))


def test_inputs_are_the_files_that_a_command_names_and_those_that_these_name(here: Path) -> None:
    written("model.yaml", "init_args: {weights: weights.pt, layers: [head.pt]}")
    for name in ("weights.pt", "configs/head.pt", "unrelated.pt", "out.json"):
        written(name, "x")
    written("configs/experiment.yaml", "model: ../model.yaml\nhead: head.pt\nself: experiment.yaml\n")
    found = input_states(
        ["zsar", "test", "--config=configs/experiment.yaml", "--output", "out.json", "--seed", "0", "x" * 5000]
    )
    names = {str(Path(name).resolve().relative_to(here)) for name in found}
    assert names == {"configs/experiment.yaml", "model.yaml", "weights.pt", "configs/head.pt"}


def test_lists_and_texts_below_the_data_root_are_inputs(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZSAR_DATA", str(here / "data"))
    written("a.yaml", "data.lists.train: lists/train.txt")
    written("data/lists/train.txt", "x")
    written("data/texts/mine.json", "{}")
    found = input_states(["zsar", "test", "--config", "a.yaml", "--data.text.descriptions", "texts/mine.json"])
    assert {Path(name).name for name in found} == {"a.yaml", "train.txt", "mine.json"}


def test_a_command_is_done_until_an_input_or_its_result_changes(here: Path) -> None:
    written("a.yaml", "run_dir: runs/a")
    written("runs/a/results.json", "{}")
    command = ["zsar", "test", "--config", "a.yaml"]
    record = FinishedCommands(Path("record.jsonl"))
    assert record.pending([command]) == [True]
    record.add(command, input_states(command))
    assert record.pending([command]) == [False]
    assert FinishedCommands(Path("record.jsonl")).pending([command]) == [False]
    assert record.pending([[*command, "--seed_everything", "1"]]) == [True]
    changed("a.yaml")
    assert record.pending([command]) == [True]
    record.add(command, input_states(command))
    assert record.pending([command]) == [False]
    changed("runs/a/results.json")
    assert record.pending([command]) == [True]
    record.add(command, input_states(command))
    Path("runs/a/results.json").unlink()
    assert record.pending([command]) == [True]


def test_a_training_is_done_while_its_checkpoints_are_there(here: Path) -> None:
    command = ["zsar", "fit", "--config", "a.yaml", "--run_dir", "runs/a"]
    written("a.yaml", "run_dir: elsewhere")
    written("runs/a/checkpoints/best.ckpt", "x")
    record = FinishedCommands(Path("record.jsonl"))
    record.add(command, input_states(command))
    assert record.pending([command]) == [False]
    Path("runs/a/checkpoints/best.ckpt").unlink()
    assert record.pending([command]) == [True]


def test_what_comes_after_a_command_that_is_run_is_run_and_reports_always_are(here: Path) -> None:
    commands = [["zsar", "summarize", "a"], ["zsar", "test", "a"], ["zsar", "test", "b"]]
    record = FinishedCommands(Path("record.jsonl"))
    for command in commands:
        record.add(command, {})
    assert record.pending(commands) == [True, False, False]
    assert record.pending([["zsar", "test", "new"], *commands[1:]]) == [True, True, True]


@pytest.mark.parametrize("line", ["my notes", '{"title": "my notes"}', "[]"])
def test_nothing_is_added_to_a_file_of_others(here: Path, line: str) -> None:
    (here / "notes.txt").write_text(f"{line}\n")
    with pytest.raises(GivenFileError, match=r"notes\.txt: line 1 .* give another file, or delete this one"):
        FinishedCommands(here / "notes.txt")


def test_a_record_with_a_torn_line_is_read_without_it(here: Path) -> None:
    record = FinishedCommands(Path("record.jsonl"))
    record.add(["zsar", "test", "a"], {})
    with Path("record.jsonl").open("a") as stream:
        stream.write('{"command": ["zsar", "te')
    again = FinishedCommands(Path("record.jsonl"))
    assert again.pending([["zsar", "test", "a"]]) == [False]
    again.add(["zsar", "test", "b"], {})
    whole = FinishedCommands(Path("record.jsonl"))
    assert whole.pending([["zsar", "test", "b"]]) == whole.pending([["zsar", "test", "a"]]) == [False]


def test_changed_inputs_of_a_finished_command_are_named(here: Path) -> None:
    written("model.yaml", "a: 1")
    written("a.yaml", "run_dir: runs/a\nmodel: model.yaml")
    written("runs/a/results.json", "{}")
    command = ["zsar", "test", "--config", "a.yaml"]
    record = FinishedCommands(Path("record.jsonl"))
    assert record.changed_inputs(command) == []
    record.add(command, input_states(command))
    assert record.changed_inputs(command) == []
    changed("model.yaml")
    assert record.changed_inputs(command) == ["model.yaml"]
    Path("a.yaml").unlink()
    assert record.changed_inputs(command) == ["a.yaml", "model.yaml"]


def test_a_named_configuration_is_an_input_wherever_it_is_found(here: Path) -> None:
    found = input_states(["zsar", "test", "--config", "configs/experiment/moving_shapes_t2l.yaml"])
    assert {Path(name).name for name in found} >= {"moving_shapes_t2l.yaml", "tiny_t2l.yaml"}
    assert all(state is not None for state in found.values())
    written("configs/experiment/own.yaml", "a: 1")
    assert list(input_states(["zsar", "test", "--config", "experiment/own"])) == ["configs/experiment/own.yaml"]
