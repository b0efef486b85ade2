"""What the documents show is there: commands parse, files exist, targets are in the Makefile."""

import re
import shlex
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.test_configs import parse  # noqa: F401 - a fixture
from zsar.lightning_modules.command_line.batch.sweep_files import read_sweep
from zsar.lightning_modules.command_line.cli import COMMANDS
from zsar.lightning_modules.command_line.doctor.doctor_options import parse_options

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()


def shown_commands() -> list[str]:
    blocks = re.findall(r"```bash\n(.*?)```", README, flags=re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [line.split("#")[0].strip() for line in lines if line.strip()]


ZSAR = [re.sub(r"^.*?zsar ", "", command) for command in shown_commands() if "zsar " in command]
MAKE = sorted(set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)", README + CONTRIBUTING, flags=re.MULTILINE)))


def test_there_are_commands_to_check() -> None:
    assert len(ZSAR) >= 12
    assert {"quickstart", "test", "lint", "bench", "ablation"} <= set(MAKE)


@pytest.mark.parametrize("command", [c for c in ZSAR if c.split()[0] in ("fit", "test", "predict", "validate")])
def test_lightning_commands_parse(command: str, parse: Any) -> None:  # noqa: F811
    subcommand, *arguments = shlex.split(command)
    assert parse(*arguments, subcommand=subcommand).subcommand == subcommand


@pytest.mark.parametrize("command", [c for c in ZSAR if c.split()[0] not in ("fit", "test", "predict", "validate")])
def test_other_commands_parse(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    name, *arguments = shlex.split(command)
    if name == "doctor":  # its parser needs the configurations put together first
        assert parse_options(arguments).module
        return
    module = import_module(f"zsar.lightning_modules.command_line.{COMMANDS[name][1]}")
    command_of = getattr(module, "COMMAND", None)
    assert command_of.parse(arguments) if command_of is not None else module._parser().parse_args(arguments)


@pytest.mark.parametrize("target", MAKE)
def test_make_targets_exist(target: str) -> None:
    dry = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert dry.returncode == 0, dry.stderr


def test_what_make_does_again_replaces_what_it_did_before() -> None:
    """A target is made anew where its sources have changed, or where it was stopped: its folder may hold a run."""
    makefile = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    commands = re.findall(r"\b(?:fit|test) .*--config.*", makefile)
    sweeps = [read_sweep(path) for path in sorted((ROOT / "configs" / "sweeps").glob("*.yaml"))]
    swept = [command.text for sweep in sweeps for step in sweep.steps for command in step.commands]
    commands += [command for command in swept if re.match("zsar (?:fit|test) .*--config", command)]
    assert len(commands) >= 10
    assert [command for command in commands if "--overwrite" not in command] == []


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:configs|benchmarks|tests|\.ci)/[\w./]*)`", README + CONTRIBUTING)))
)
def test_paths_in_the_text_exist(path: str) -> None:
    assert (ROOT / path).exists()


def test_the_tree_in_contributing_is_the_tree() -> None:
    tree = CONTRIBUTING.split("```")[1]
    for package in ("lightning_modules", "datamodules", "callbacks"):
        for module in (ROOT / package).rglob("*.py"):
            shown = module.name in tree or module.stem in tree
            if not module.name.startswith("__") and module.parent.name not in ("losses", "metrics"):
                assert shown, f"{module.relative_to(ROOT)} is not in CONTRIBUTING.md"
    named = re.findall(r"\b(\w+\.py)\b", tree)
    there = {path.name for path in ROOT.rglob("*.py") if ".venv" not in path.parts}
    assert [name for name in named if name not in there] == []
