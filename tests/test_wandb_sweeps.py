"""The sweeps of Weights & Biases: what its agent would run is a command line that zsar takes."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from wandb import wandb_agent

from tests.makers.configs.parsing import configured
from tests.makers.source_tree import ROOT

SWEEPS = sorted((ROOT / "configs" / "sweeps" / "wandb").glob("*.yaml"))


def drawn(parameters: dict[str, Any], which: int) -> dict[str, Any]:
    """Values as the agent gets them: the first or the last of each list, an end of each range."""
    return {
        name: {"value": stated["values"][which] if "values" in stated else stated[("min", "max")[which]]}
        for name, stated in parameters.items()
    }


def command_of_agent(sweep: dict[str, Any], values: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command that W&B's own agent starts, which nothing runs here."""
    started: list[list[str]] = []

    class Started:
        last_sigterm_time: float | None = None

        def __init__(self, *, command: list[str], env: dict[str, str], **_: object) -> None:
            assert env["WANDB_RUN_ID"] == "abc123"
            started.append(command)

    monkeypatch.setattr(wandb_agent, "AgentProcess", Started)
    monkeypatch.setenv("WANDB_RUN_ID", "of another run")
    monkeypatch.setenv("WANDB_SWEEP_ID", "sweep1")
    agent = wandb_agent.Agent(None, None)
    agent._sweep_command = list(sweep["command"])
    agent._command_run({"args": values, "run_id": "abc123", "program": sweep["program"]})
    (command,) = started
    return command


@pytest.mark.parametrize("which", [0, -1])
@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_what_the_agent_runs_is_a_command_that_sets_every_parameter(
    path: Path, which: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parse: Any
) -> None:
    sweep = yaml.safe_load(path.read_text())
    values = drawn(sweep["parameters"], which)
    monkeypatch.chdir(tmp_path)
    command = command_of_agent(sweep, values, monkeypatch)
    program = tmp_path / "bin" / "zsar"  # in place of zsar: says what it was given
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nfor each in "$@"; do echo "$each"; done\n')
    program.chmod(0o755)
    env = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}", "WANDB_RUN_ID": "abc123"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    subcommand, *arguments = done.stdout.splitlines()
    assert (subcommand, arguments[arguments.index("--run_dir") + 1]) == ("fit", "runs/sweep/abc123")
    assert arguments[arguments.index("--wandb") + 1] == "online"  # else the sweep learns nothing of the run
    monkeypatch.chdir(ROOT)
    cli = parse(*arguments)
    assert {name: configured(cli, name) for name in values} == {name: v["value"] for name, v in values.items()}


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_a_sweep_says_what_it_is_and_ends(path: Path) -> None:
    text, sweep = path.read_text(), yaml.safe_load(path.read_text())
    assert f"`wandb sweep configs/sweeps/wandb/{path.name}`" in text
    assert sweep["run_cap"] <= 20
    assert sweep["metric"]["name"].startswith("val/")  # never of test or novel classes
    json.dumps(sweep)  # as W&B sends it
