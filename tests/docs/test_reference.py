"""The generated reference names everything: commands, options, models, data modules, callbacks and their settings."""

import re

import pytest

from docs.site.command_pages import command_of, commands_page, help_text
from docs.site.data_set_pages import data_sets_page
from docs.site.file_format_pages import file_formats_page
from docs.site.settings_pages import CALLBACKS, callbacks_page, data_modules_page, models_page, settings_of
from zsar.datamodules import data_sets
from zsar.datamodules.untrimmed_video import UntrimmedVideoDataModule
from zsar.datamodules.video import TrimmedVideoDataModule
from zsar.lightning_modules.command_line.cli import COMMANDS
from zsar.lightning_modules.command_line.model_kinds import classes_of
from zsar.lightning_modules.command_line.options.command_parser import option_names
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer

MODELS = [*classes_of(ActionRecognizer), *classes_of(ActionLocalizer)]
DATA = [*classes_of(TrimmedVideoDataModule), *classes_of(UntrimmedVideoDataModule)]
REFERENCE = [(kind, page) for page, kinds in ((models_page, MODELS), (data_modules_page, DATA)) for kind in kinds]
REFERENCE += [(kind, callbacks_page) for kind in CALLBACKS]


def section(page: str, title: str, *, level: int) -> str:
    """The text below a heading, up to the next of its level or above."""
    parts = re.split(rf"^#{{1,{level}}} (.+)\n", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[title]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_there_with_all_its_options(name: str) -> None:
    text = section(commands_page(), f"zsar {name}", level=2)
    command = command_of(name)
    options = re.findall(r"--\w[\w.-]*", help_text(name)) if command is None else option_names(command.parser())
    assert len(options) > 1
    assert [option for option in options if option not in text] == []


@pytest.mark.parametrize(("kind", "page"), REFERENCE, ids=[kind.__name__ for kind, _ in REFERENCE])
def test_a_class_is_there_with_all_its_settings_and_what_they_mean(kind: type, page: object) -> None:
    assert callable(page)
    text = section(page(), kind.__name__, level=3)
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", text, flags=re.MULTILINE))
    assert list(rows) == list(settings_of(kind))
    assert [name for name, meaning in rows.items() if not meaning.strip()] == []


@pytest.mark.parametrize("page", [models_page, data_modules_page])
def test_each_group_of_settings_is_explained(page: object) -> None:
    assert callable(page)
    text = page()
    groups = set(re.findall(r"\]\(#(\w+)\)", text))
    assert groups
    assert groups <= {title.lower() for title in re.findall(r"^### (\w+)$", text, flags=re.MULTILINE)}
    rows = re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", text, flags=re.MULTILINE)
    assert [name for name, meaning in rows if not meaning.strip()] == []


@pytest.mark.parametrize("name", data_sets.__all__)
def test_a_data_set_is_there_with_its_tree(name: str) -> None:
    text = section(data_sets_page(), name, level=2)
    assert re.search(r"^ {4}\S", text, flags=re.MULTILINE)


def test_the_formats_are_there_with_their_versions() -> None:
    text = file_formats_page()
    for title in ("results.json", "Predictions", "Checkpoints", "Class-text files", "Feature files", "Sweep files"):
        assert len(section(text, title, level=2)) > 200, title
    assert "`format_version` 2" in section(text, "Feature files", level=2)
