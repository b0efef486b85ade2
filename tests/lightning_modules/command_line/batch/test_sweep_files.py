from __future__ import annotations

import re
from pathlib import Path

import pytest

from zsar.lightning_modules.command_line.batch import sweep_files
from zsar.lightning_modules.command_line.batch.sweep_files import Step, SweptCommand, read_sweep

GOOD = """
folder: runs/x
jobs: 2
variables:
  seed: [0, 1]
  rate: {16: {n: 4}, 32: {n: 8}}
lists: {runs: "{folder}/{seed}"}
steps:
  - each: [seed]
    commands:
      - zsar fit {seed}
      - {where: {rate: [16]}, unless: x.pt, command: "zsar test {rate} {rate.n}"}
"""


def written(folder: Path, text: str) -> Path:
    (folder / "sweep.yaml").write_text(text)
    return folder / "sweep.yaml"


def test_a_sweep_is_read_with_numbers_as_they_are_written(tmp_path: Path) -> None:
    sweep = read_sweep(written(tmp_path, GOOD))
    assert (sweep.folder, sweep.jobs, sweep.threads) == ("runs/x", 2, None)
    assert sweep.variables == {"seed": {"0": {}, "1": {}}, "rate": {"16": {"n": "4"}, "32": {"n": "8"}}}
    assert sweep.lists == {"runs": "{folder}/{seed}"}
    commands = (
        SweptCommand("zsar fit {seed}", {}),
        SweptCommand("zsar test {rate} {rate.n}", {"rate": ("16",)}, "x.pt"),
    )
    assert sweep.steps == (Step(("seed",), commands),)


def test_the_example_of_the_module_is_a_sweep(tmp_path: Path) -> None:
    example = re.split(r"\n\n", sweep_files.__doc__ or "")[1]
    sweep = read_sweep(written(tmp_path, "\n".join(line[4:] for line in example.splitlines())))
    assert [step.each for step in sweep.steps] == [("seed",), ("variant", "seed"), ()]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("jobs: 2", "job: 2", "it has 'job', but may have only folder.*did you mean jobs"),
        ("jobs: 2", "jobs: 0", "jobs is 0, but must be a whole number of at least 1"),
        ("jobs: 2", "jobs: yes", "jobs is True, but must be a whole number"),
        ("folder: runs/x", "", "has no 'folder'"),
        ("[0, 1]", "[]", "variables.seed has no value"),
        ("[0, 1]", "[0, 0]", "variables.seed has '0' twice"),
        ("[0, 1]", "[yes, no]", r"variables.seed\[0\] is True, but must be a text or a number; put it in quotation"),
        ("{n: 8}", "{m: 8}", "rate has the extras .'m'. for '32', but .'n'. before"),
        ("each: [seed]", "each: [sed]", r"steps\[0\] names 'sed', but .* no such variable; did you mean seed"),
        ("each: [seed]", "each: [seed, seed]", "names 'seed' twice"),
        ("rate: [16]", "rate: [17]", "has '17', which rate never is"),
        ("seed: [0, 1]", "Seed: [0, 1]", "variables? has the name 'Seed'|has the name 'Seed'"),
        ("lists: {runs", "lists: {seed", "uses the name 'seed' for a variable and for something else"),
        ("zsar fit {seed}", "[zsar, fit]", r"steps\[0\].commands\[0\] is a list"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(old: str, new: str, message: str, tmp_path: Path) -> None:
    path = written(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(ValueError, match=f"sweep.yaml: .*({message})"):
        read_sweep(path)


@pytest.mark.parametrize("steps", ["steps: []", "steps: [{commands: []}]"])
def test_a_sweep_without_commands_is_refused(steps: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is empty; write at least one"):
        read_sweep(written(tmp_path, f"folder: x\n{steps}\n"))
