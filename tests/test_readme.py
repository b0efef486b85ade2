"""What README.md, CONTRIBUTING.md and the pages of docs/ show is there: commands parse, files and targets exist."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.makers.documents import assert_parses, written_pages, zsar_commands
from tests.makers.source_tree import MODULES, PACKAGES, ROOT
from zsar.lightning_modules.command_line.batch.expansion import jobs_of
from zsar.lightning_modules.command_line.batch.sweep_files import read_sweep

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
README = (ROOT / "README.md").read_text()
SHOWN = "\n".join([README, *written_pages().values()])
MOST_LINES = 150
MOST_BYTES_OF_A_PICTURE = 150_000

ZSAR = list(dict.fromkeys(zsar_commands(SHOWN)))
MAKE = sorted(set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)", SHOWN + CONTRIBUTING, flags=re.MULTILINE)))


def test_there_are_commands_to_check() -> None:
    assert len(ZSAR) >= 12
    assert {"quickstart", "test", "lint", "bench", "ablation"} <= set(MAKE)


def test_readme_is_short_and_begins_with_the_two_commands_of_set_up() -> None:
    assert len(README.splitlines()) <= MOST_LINES
    assert zsar_commands(README), "it shows commands"
    assert re.findall(r"^make (\w+)", README, flags=re.MULTILINE)[:2] == ["quickstart", "test"]


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)]+)\)", README))))
def test_links_of_readme_lead_to_files(target: str) -> None:
    if not target.startswith("https://"):
        assert (ROOT / target.split("#")[0]).exists()


@pytest.mark.parametrize("picture", sorted(set(re.findall(r"!\[.+?\]\(([^)]+)\)", README))))
def test_pictures_of_readme_are_small_and_made_by_make(picture: str) -> None:
    assert (ROOT / picture).stat().st_size < MOST_BYTES_OF_A_PICTURE
    assert f"$(PICTURES)/{Path(picture).name}" in (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("command", ZSAR)
def test_commands_parse_in_an_empty_folder(
    command: str, parse: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after `pip install zsar`: what is not in the working directory is among what is installed."""
    monkeypatch.chdir(tmp_path)
    assert_parses(command, parse)


def test_the_sweep_file_runs_what_it_says(parse: Any, tmp_path: Path) -> None:
    (shown,) = set(re.findall(r"```yaml\n(# sweep.yaml.*?)```", SHOWN, flags=re.DOTALL))
    (tmp_path / "sweep.yaml").write_text(shown)
    jobs = [job for step in jobs_of(read_sweep(tmp_path / "sweep.yaml")) for job in step]
    assert len(jobs) == 7  # two numbers of shots by three seeds, and the table of them
    for words in (words for job in jobs for words in job.commands):
        assert_parses(shlex.join(words[1:]), parse)  # after "zsar"


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
    "path", sorted(set(re.findall(r"`((?:configs|benchmarks|tests|\.ci)/[\w./]*)`", SHOWN + CONTRIBUTING)))
)
def test_paths_in_the_text_exist(path: str) -> None:
    assert (ROOT / path).exists()


def test_the_tree_in_contributing_is_the_tree() -> None:
    tree = set(re.findall(r"(\w+)/", CONTRIBUTING.split("```")[1]))
    folders = {Path(module).parent.name for module in MODULES}
    assert folders - tree == set(), "CONTRIBUTING.md does not show them"
    roots = {*PACKAGES, "configs", "docs", "tests", "benchmarks"}
    there = {path.name for root in roots for path in (ROOT / root).rglob("*")}
    assert tree - there - roots == set(), "they are not there"


def test_the_python_is_that_of_the_example() -> None:
    (shown,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert (ROOT / "docs" / "examples" / "classify.py").read_text().endswith(f"\n\n{shown}")
