"""The options of `zsar models`."""

from pathlib import Path

import pytest

from zsar.lightning_modules.command_line.models.method_names import METHODS
from zsar.lightning_modules.command_line.models.models_options import COMMAND


def test_names_methods_and_files_may_be_several() -> None:
    options = COMMAND.parse(["siglip", "ViT-B-*", "--methods", "t2l", "--methods", "zero_shot", "--output", "a.md"])
    assert options.names == ("siglip", "ViT-B-*")
    assert options.chosen_methods == ("zero_shot", "t2l")  # in the order of tables
    assert options.output == (Path("a.md"),)


def test_without_methods_all_are_chosen() -> None:
    assert COMMAND.parse([]).chosen_methods == tuple(METHODS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--methods", "t2"], "--methods is one of zero_shot, .*; did you mean t2l"),
        (["--check", "tiny-clip", "tiny-coca"], "leave NAME, --recompute and --output out"),
        (["--check", "tiny-clip", "--recompute"], "leave NAME, --recompute and --output out"),
        (["--check", "tiny-clip", "--output", "a.json"], "leave NAME, --recompute and --output out"),
        (["--max_memory", "4"], "--max_memory is for --check"),
        (["--check", "tiny-clip", "--max_memory", "0"], "--max_memory must be more than 0"),
        (["--output", "a.csv"], "ends in .json or .md; got a.csv"),
    ],
)
def test_what_does_not_fit_together_is_an_error(arguments: list[str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        COMMAND.parse(arguments)
