"""What the README of each method says is so: commands parse, options and defaults exist, figures are the papers'."""

import contextlib
import inspect
import re
import shlex
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonargparse import ArgumentParser

from tests.makers.documents import assert_parses, sections, tables, zsar_commands
from tests.makers.source_tree import METHODS, ROOT
from zsar.datamodules.data_sets import UCF101, UCF101P, THUMOS14Untrimmed
from zsar.lightning_modules.command_line.model_kinds import ADAPTATIONS, classes_of
from zsar.lightning_modules.command_line.summarize.published.published_figures import (
    PublishedFigure,
    load_published_figures,
)
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer

OF_IMAGES = ["callbacks/confidence_memory"]  # whose papers have no figure of whole videos
WITH_FIGURES = [*(f"lightning_modules/{method}" for method in METHODS), "callbacks/prompt_tuning"]
FOLDERS = [*WITH_FIGURES, *OF_IMAGES]
TEXTS = {folder: (ROOT / folder / "README.md").read_text() for folder in FOLDERS}
HEADINGS = ["The idea", "Readings", "Settings", "Run it", "Figures"]
MEASURED = (ROOT / "docs" / "results" / "measured.md").read_text()
FIGURES = load_published_figures()
CLASSES: dict[str, type] = {
    class_.__name__: class_ for class_ in (*classes_of(ActionRecognizer), *classes_of(ActionLocalizer), *ADAPTATIONS)
}
DATA_SETS = {"HMDB-51": "hmdb51", "UCF-101": "ucf101", "Kinetics-400": "kinetics400", "Kinetics-600": "kinetics600"}
DATA_SETS |= {"SSv2": "ssv2", "THUMOS14": "thumos14_untrimmed", "ActivityNet": "activitynet_untrimmed"}


def own_classes(folder: str) -> list[type]:
    """What a method's folder defines that an option may belong to."""
    return [c for c in CLASSES.values() if c.__module__.startswith(f"zsar.{folder.replace('/', '.')}.")]


def default_of(class_: type, option: str) -> Any:
    """The default of `model.tuning.n_steps` and such.

    Raises:
        KeyError: There is no such option.
    """
    first, *rest = option.split(".")[1:]
    value = inspect.signature(class_).parameters[first].default
    for name in rest:
        if not is_dataclass(value) or name not in value.__dataclass_fields__:
            raise KeyError(option)
        value = getattr(value, name)
    return value


def plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def check_accepted(class_: type, words: list[str]) -> None:
    """Parses options and values as a configuration has them, without making the class.

    Raises:
        ArgumentError: One of them is not accepted.
    """
    settings: dict[str, Any] = {"method": "TDA"} if class_ in ADAPTATIONS else {}
    for option, value in zip(words[::2], words[1::2], strict=True):
        *groups, name = option.split(".")[1:]
        group = settings
        for inner in groups:
            group = group.setdefault(inner, {})
        group[name] = yaml.safe_load(value)
    parser = ArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(class_, "it")
    parser.parse_object({"it": {"class_path": f"{class_.__module__}.{class_.__qualname__}", "init_args": settings}})


def shown_options(text: str) -> list[list[str]]:
    """Each `--option value --option value` that stands in backticks outside blocks of commands."""
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return [shlex.split(code) for code in re.findall(r"`(--[^`]+)`", prose)]


def class_with(folder: str, option: str) -> type:
    """A class of the folder, or a data set, that has an option; the test fails where none has."""
    for class_ in [UCF101, UCF101P, THUMOS14Untrimmed] if option.startswith("data.") else own_classes(folder):
        with contextlib.suppress(KeyError):
            default_of(class_, option)
            return class_
    pytest.fail(f"--{option} is no option of {folder}")


def choices(folder: str) -> list[tuple[str, str, list[str]]]:
    """(option, default, further values) of the readings that say "`--option`: **`default`** / `other`"."""
    pattern = r"`--([\w.]+)`: \*\*`([^`]+)`\*\*((?: / `[^`]+`)*)"
    found = re.findall(pattern, sections(TEXTS[folder])["Readings"])
    return [(option, default, re.findall(r"`([^`]+)`", others)) for option, default, others in found]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_readme_has_the_same_parts_as_the_others(folder: str) -> None:
    assert TEXTS[folder].startswith("# ")
    assert list(sections(TEXTS[folder])) == HEADINGS
    assert 60 <= len(TEXTS[folder].splitlines()) <= 140
    idea = sections(TEXTS[folder])["The idea"].strip().split("\n\n")[0]
    assert 4 <= len(idea.splitlines()) <= 6


@pytest.mark.parametrize("folder", FOLDERS)
def test_files_that_it_names_are_there_and_it_names_all_of_its_own(folder: str) -> None:
    named = re.findall(r"`([\w./]+\.py)`", TEXTS[folder]) + re.findall(r"\]\(([\w./]+)(?:#\w+)?\)", TEXTS[folder])
    assert [name for name in named if not ((ROOT / folder / name).is_file() or (ROOT / name).is_file())] == []
    configs = re.findall(r"`(configs/[\w./]+\.yaml)`", TEXTS[folder])
    assert [config for config in configs if not (ROOT / config).is_file()] == []
    own = {path.name for path in (ROOT / folder).glob("*.py")} - {"__init__.py"}
    assert own - set(named) == set(), "they are missing in its table of files"


@pytest.mark.parametrize(("folder", "command"), [(f, c) for f in FOLDERS for c in zsar_commands(TEXTS[f])])
def test_its_commands_parse(folder: str, command: str, parse: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZSAR_DATA", "data")
    assert_parses(command, parse)


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_reading_says_what_decides_it(folder: str) -> None:
    ((header, *rows),) = tables(sections(TEXTS[folder])["Readings"])
    assert header[-1] == "decided by"
    assert len(rows) >= 10
    for row in rows:
        assert len(row) == len(header), row
        assert all(row), row
        assert re.search(r"fixed|`--|`configs/|open$", row[-1]), row


@pytest.mark.parametrize("folder", FOLDERS)
def test_its_options_exist_and_take_the_values_that_are_shown(folder: str) -> None:
    options = [words for words in shown_options(TEXTS[folder]) if re.match(r"--(model|adaptation|data)\.", words[0])]
    assert len(options) >= 10
    options += [[f"--{option}", value] for option, _, others in choices(folder) for value in others]
    for words in options:
        class_ = class_with(folder, words[0][2:])
        if len(words) > 1:
            check_accepted(class_, words)


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_default_of_a_reading_is_that_of_the_code(folder: str) -> None:
    found = choices(folder)
    assert len(found) >= 3
    for option, default, _ in found:
        assert plain(default_of(class_with(folder, option), option)) == yaml.safe_load(default), option


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_defaults_of_its_settings_are_those_of_the_code(folder: str) -> None:
    described = set()
    for header, *rows in tables(sections(TEXTS[folder])["Settings"]):
        if not (of := re.fullmatch(r"option of `(\w+)`", header[0])):
            continue
        described.add(CLASSES[of[1]])
        for option, default, *_ in rows:
            value = default_of(CLASSES[of[1]], option.strip("`-"))
            assert plain(value) == yaml.safe_load(default.strip("`")), option
    assert described == set(own_classes(folder)), "each class of the folder has a table"


def test_the_settings_of_prompt_tuning_are_those_of_its_configurations() -> None:
    table = tables(sections(TEXTS["callbacks/prompt_tuning"])["Settings"])[1]
    (_, *names), *rows = table
    for column, name in enumerate(names, start=1):
        stated = yaml.safe_load((ROOT / "configs" / "adaptation" / name.strip("`")).read_text())["adaptation"]
        for row in rows:
            assert yaml.safe_load(row[column].strip("`")) == stated["init_args"][row[0].strip("`")], (name, row[0])


def settings_of_column(header: str) -> dict[str, Any]:
    """What the figures of a column share: "HMDB-51, 2 shots", "UCF-101 harmonic mean", "THUMOS14 50/50"."""
    name = next(name for name in DATA_SETS if header.startswith(name))
    found: dict[str, Any] = {"tested_on": DATA_SETS[name]}
    rest = header.removeprefix(name).strip(" ,")
    if rest == "harmonic mean":
        return {**found, "protocol": "base_to_novel", "set": "harmonic_mean"}
    if shots := re.fullmatch(r"(\d+) shots", rest):
        return {**found, "protocol": "few_shot", "shots": int(shots[1])}
    if rest:
        return {**found, "split": rest.replace("/", "_"), "set": "map" if name == "THUMOS14" else "paper_mean"}
    return {**found, "protocol": "zero_shot", "set": "top1"}


def published(row: list[str], header: str) -> list[PublishedFigure]:
    """The figures that a cell may be: of the row's method, architecture and table, and of the column's data set."""
    method, architecture, *trained = row[0].split(", ")
    paper, where = row[-1].split(", ")
    if span := re.fullmatch(r"Tables (\d+) to (\d+)", where):
        sources = {f"Table {n}" for n in range(int(span[1]), int(span[2]) + 1)}
    else:
        sources = {where}
    wanted = {"paper": paper, "full_method": method, "architecture": architecture, **settings_of_column(header)}
    if trained:
        wanted["trained_on"] = DATA_SETS[trained[0].removeprefix("trained on ")]
    of_row = [f for f in FIGURES if f.table in sources]
    return [f for f in of_row if all(getattr(f, key) == value for key, value in wanted.items())]


@pytest.mark.parametrize("folder", WITH_FIGURES)
def test_published_figures_are_those_that_summaries_show(folder: str) -> None:
    n = 0
    for header, *rows in tables(sections(TEXTS[folder])["Figures"]):
        for row in rows if header[-1] == "source" else []:
            for column, cell in zip(header[1:-1], row[1:-1], strict=True):
                value, *std = map(float, cell.split(" ± "))
                known = {(figure.value, *([figure.std] if std else [])) for figure in published(row, column)}
                assert (value, *std) in known, (row[0], column, cell)
                n += 1
    assert n >= 5


@pytest.mark.parametrize("folder", WITH_FIGURES)
def test_measured_figures_are_those_of_the_page_of_results(folder: str) -> None:
    measured = [t for t in tables(sections(TEXTS[folder])["Figures"]) if t[0][-1] == "made by"]
    assert measured
    assert all(len(table) >= 3 for table in measured)
    for row in (row for _, *rows in measured for row in rows):
        assert f"| {' | '.join(row[1:-1])} |" in MEASURED, row
        assert row[-1].strip("`") in MEASURED, row


def test_a_reading_that_is_wrong_is_found() -> None:
    """The checks themselves: a renamed option, a wrong value and a wrong default are noticed."""
    t2l = CLASSES["T2L"]
    assert default_of(t2l, "model.optimization.learning_rate") == 5e-5
    for renamed in ("model.weights", "model.optimization.rate", "model.n_frames.x"):
        with pytest.raises(KeyError):
            default_of(t2l, renamed)
    with pytest.raises(Exception, match="contrastive_loss"):
        check_accepted(t2l, ["--model.contrastive_loss", "all"])


def test_every_method_that_can_be_named_has_a_readme() -> None:
    homes = {Path(*class_.__module__.split(".")[1:-1]).as_posix() for class_ in CLASSES.values()}
    homes -= {"lightning_modules/localization"}  # the frame-wise baseline is in T3AL's
    assert homes - set(FOLDERS) == set(), "write a README.md with the headings of the others in the method's folder"
    assert set(FOLDERS) - homes == set(), "import the method's model in lightning_modules/command_line/model_kinds.py"
