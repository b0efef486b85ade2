"""The file of the papers' tables: every numbered table and figure, every row with commands or the reason why not."""

import json
import re
import shlex
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.makers.configs.parsing import settings_of
from tests.makers.configs.shipped import ABLATIONS, CONFIGS, EXPERIMENTS, LISTS, LOCALIZATIONS
from tests.makers.documents import OF_LIGHTNING, assert_parses
from tests.makers.source_tree import ROOT, SHARED
from zsar.lightning_modules.command_line.batch.expansion import jobs_of
from zsar.lightning_modules.command_line.batch.sweep_files import read_sweep
from zsar.lightning_modules.command_line.reproduce.needed_files import needs_of
from zsar.lightning_modules.command_line.reproduce.paper_tables import WITH, Row, Table
from zsar.lightning_modules.command_line.reproduce.papers_file import read_papers
from zsar.lightning_modules.command_line.reproduce.row_commands import RowCommand, row_commands, shared_commands
from zsar.lightning_modules.command_line.reproduce.stated_data import StatedSettings, stated_settings
from zsar.lightning_modules.command_line.reproduce.table_lists import markdown_of

PAPERS = read_papers(CONFIGS / "papers.yaml")
TABLES = list(PAPERS.tables)
ROWS = [(table, row) for table in TABLES for row in table.rows]
OUT = Path("runs/papers")
FIGURES = "lightning_modules/command_line/summarize/published/published_figures.json"
TEXTS = {"ap_clip": "ap-clip", "dts_tpt": "dts-tpt", "t2l": "t2l", "t3al": "t3al", "zar": "zar"}
NAMES = {"AP-CLIP": "ap_clip", "DTS-TPT": "dts_tpt", "T2L": "t2l", "T3AL": "t3al", "ZAR": "zar"}
NAMES |= {"BIKE": "bike", "Open-VCLIP": "open_vclip", "TACO": "taco", "FreeZAD": "freezad", "LLT": "freezad"}
# The numbered tables and figures of each paper, and the rows that a table prints, those of others' methods too.
NUMBERED = {
    "ap_clip": ({1: 20, 2: 6, 3: 6, 4: 13, 5: 5, 6: 5, 7: 4}, 5),
    "dts_tpt": ({1: 11, 2: 4, 3: 12, 4: 4, 5: 6, 6: 5, 7: 5}, 5),
    "t2l": ({1: 13, 2: 8, 3: 8, 4: 4, 5: 4, 6: 2, 7: 5, 8: 4, 9: 2, 10: 4, 11: 0}, 6),
    "t3al": ({1: 8, 2: 8, 3: 9, 4: 9, 5: 4, 6: 4}, 4),
    "zar": ({1: 17, 2: 6, 3: 10, 4: 4, 5: 4}, 6),
}


def name(value: object) -> str:
    return value.name if isinstance(value, Table | Row) else str(value)


@pytest.mark.parametrize("paper", NUMBERED)
def test_every_numbered_table_and_figure_is_there_with_every_row_that_it_prints(paper: str) -> None:
    rows_of, n_figures = NUMBERED[paper]
    tables = PAPERS.papers[paper].tables
    figures = [f"figure{number}" for number in range(1, n_figures + 1)]
    assert set(tables) == {*(f"table{number}" for number in rows_of), *figures}
    lost = {
        number: len(tables[f"table{number}"].rows) for number, n in rows_of.items() if n and not enough(paper, number)
    }
    assert lost == {}, "rows of these tables, fewer than the paper prints"


def enough(paper: str, number: int) -> bool:
    """A row may be two here, where a paper prints two settings in one."""
    return len(PAPERS.papers[paper].tables[f"table{number}"].rows) >= NUMBERED[paper][0][number]


@pytest.mark.parametrize("paper", TEXTS)
def test_the_text_of_the_paper_names_no_other(paper: str) -> None:
    path = SHARED / "papers" / f"{TEXTS[paper]}.txt"
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    text = path.read_text()
    for kind, pattern in (("table", r"(?:Table|Tab\.)\s*(\d+)"), ("figure", r"(?:Figure|Fig\.|Fig)\s*(\d+)")):
        named = {int(number) for number in re.findall(pattern, text)}
        assert {f"{kind}{number}" for number in named} <= set(PAPERS.papers[paper].tables)
        assert named, f"{path} names no {kind}"


def test_nothing_is_left_to_be_written() -> None:
    reasons = {table.name: table.why_not for table in TABLES} | {f"{t.name} {row.name}": row.why_not for t, row in ROWS}
    assert [where for where, reason in reasons.items() if reason and reason.startswith("to be written")] == []


def first_of_varied(row: Row) -> Row:
    """A row in which each setting that steps vary has its first value alone: others differ in nothing else."""
    steps = [replace(step, vary={key: values[:1] for key, values in step.vary.items()}) for step in row.steps]
    return replace(row, steps=tuple(steps))


def commands_of(table: Table) -> list[RowCommand]:
    """Its distinct commands, without further values of what they vary."""
    return list(shared_commands([row_commands(first_of_varied(row), output=OUT) for row in table.rows]).values())


@pytest.mark.slow
@pytest.mark.parametrize("table", [table for table in TABLES if table.runnable_rows], ids=name)
def test_every_command_of_a_table_states_data_and_weights_that_can_be_looked_for(table: Table) -> None:
    words = [command.words for command in commands_of(table)]
    if table.sweep is not None:
        steps = jobs_of(read_sweep(CONFIGS / "sweeps" / f"{table.sweep}.yaml"))
        words = [command for jobs in steps for job in jobs for command in job.commands]
    needs = needs_of(words)
    assert needs
    absent = [need.name for need in needs if need.what == "class text" and need.state == "missing"]
    assert [name for name in absent if "EZ-CLIP/" not in name] == [], "neither shipped nor made by a command of the row"


@cache
def parsed(words: tuple[str, ...]) -> Any:
    """A command as its own parser reads it, which builds nothing; once where several tables have it."""
    if words[1] not in OF_LIGHTNING:
        return assert_parses(shlex.join(words[1:]), settings_of)
    return settings_of(words[1], words[2:])


@pytest.mark.slow
@pytest.mark.parametrize("table", [table for table in TABLES if table.runnable_rows and not table.sweep], ids=name)
def test_every_command_of_a_table_is_parsed(table: Table) -> None:
    for command in commands_of(table):
        settings = parsed(command.words)
        assert command.run_dir is None or settings.run_dir == str(command.run_dir)


def models() -> dict[str, tuple[str, ...]]:
    """A command for each model that the rows have, by its settings."""
    commands = [command for table in TABLES for command in commands_of(table) if command.run_dir is not None]
    return {json.dumps(stated_settings(command.words).sections["model"]): command.words for command in commands}


@pytest.mark.slow
def test_every_model_of_the_rows_is_instantiated(parse: Any) -> None:
    commands = models()
    assert len(commands) > 20
    for words in commands.values():
        assert_parses(shlex.join(words[1:]), parse)


@pytest.mark.parametrize("table", [table for table in TABLES if table.runnable_rows and not table.sweep], ids=name)
def test_a_test_builds_the_model_that_its_fit_has_trained(table: Table) -> None:
    for command in commands_of(table):
        fits = [needed for needed in command.needs if needed[1] == "fit"]
        if command.verb == "test" and fits:
            fitted, tested = stated_settings(fits[-1]), stated_settings(command.words)
            assert fitted.sections["model"]["class_path"] == tested.sections["model"]["class_path"]
            assert architecture_of(fitted) == architecture_of(tested), (command.words, fits[-1])


def architecture_of(stated: StatedSettings) -> dict[str, Any]:
    """What of a model's arguments decides which tensors it has, and what it makes of pixels."""
    kept = ("n_frames", "temporal_tokens", "adapters", "adapter_width", "tune", "n_head_layers")
    of_backbone = [f"backbone.{key}" for key in ("architecture", "weights", "frame_statistics", "frame_geometry")]
    return {key: stated.text(f"model.{key}") for key in (*kept, *of_backbone)}


def test_no_two_commands_of_all_tables_write_into_one_folder() -> None:
    assert shared_commands([row_commands(row, output=OUT) for _, row in ROWS])


def named_configs() -> set[str]:
    """The experiments and fragments that rows, sweeps and `of_no_paper` name, as "experiment/NAME"."""
    steps = [step for _, row in ROWS for step in row.steps]
    named = {f"experiment/{step.of}" for step in steps if step.verb != "run"}
    named |= {fragment for step in steps for fragment in (*step.fragments, *step.vary.get(WITH, ()))}
    for table in TABLES:
        if table.sweep is not None:
            jobs = [job for step in jobs_of(read_sweep(CONFIGS / "sweeps" / f"{table.sweep}.yaml")) for job in step]
            words = [word for job in jobs for command in job.commands for word in command]
            named |= {word.removeprefix("configs/").removesuffix(".yaml") for word in words if word.endswith(".yaml")}
    return named | {key if "/" in key else f"experiment/{key}" for key in PAPERS.of_no_paper}


def test_every_experiment_ablation_and_list_is_named_by_a_row() -> None:
    files = [*EXPERIMENTS, *LOCALIZATIONS, *ABLATIONS, *LISTS]
    there = {path.relative_to(CONFIGS).with_suffix("").as_posix() for path in files}
    assert sorted(there - named_configs()) == []


def test_every_sweep_is_a_table() -> None:
    assert {path.stem for path in (CONFIGS / "sweeps").glob("*.yaml")} == {table.sweep for table in TABLES} - {None}


def test_what_belongs_to_no_paper_is_there_and_in_no_row() -> None:
    for key in PAPERS.of_no_paper:
        assert (CONFIGS / (key if "/" in key else f"experiment/{key}")).with_suffix(".yaml").is_file()


PUBLISHED = json.loads((ROOT / FIGURES).read_text(encoding="utf-8"))["tables"]
# Figures in the text of what a picture shows; figures that stand in no table of a paper.
ELSEWHERE = {("T3AL", "Section 5.2"): "Figure 4"}
ELSEWHERE |= {("BIKE", f"README, {of} classes"): "zero-shot" for of in ("half of the", "all")}
ELSEWHERE |= {("BIKE", "Logs"): "kinetics-400", ("Open-VCLIP", "Abstract"): "abstract"}
ELSEWHERE |= {("Open-VCLIP", "Table 1"): "protocols", ("TACO", "README"): "readme"}
ELSEWHERE |= {("FreeZAD", "Released predictions"): "thumos14", ("LLT", "Second-hand"): "second-hand"}


def numbers(cell: object) -> list[float]:
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?", str(cell))]


@pytest.mark.parametrize("paper", NAMES)
def test_figures_that_summarize_compares_with_are_those_of_the_tables(paper: str) -> None:
    """A row of the one file has all of its figures in a row, or in a column, of the same table of the other."""
    lost = []
    for published in (table for table in PUBLISHED if table["paper"] == paper):
        heading = ELSEWHERE.get((paper, published["table"]), published["table"])
        tables = [table for table in PAPERS.papers[NAMES[paper]].tables.values() if table.heading == heading]
        assert tables, f"{paper} has no {heading}"
        rows = [row.figures for row in tables[0].rows if row.figures]
        columns = zip(*rows, strict=True)
        printed = [Counter(number for cell in line for number in numbers(cell)) for line in (*rows, *columns)]
        for row in published["rows"]:
            values = Counter(number for cell in row["values"] if cell is not None for number in numbers(cell))
            if not any(values <= figures for figures in printed):
                lost.append(f"{heading}, {row.get('method')} {row.get('variant', '')}: {sorted(values)}")
    assert lost == []


def test_the_document_shows_the_file() -> None:
    path = ROOT / "docs" / "results" / "README.md"
    assert path.read_text(encoding="utf-8") == markdown_of(PAPERS), "run `make results`"
