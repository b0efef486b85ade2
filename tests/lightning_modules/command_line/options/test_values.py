import argparse
from pathlib import Path
from typing import Any, Literal

import pytest

from zsar.lightning_modules.command_line.options.values import converter


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (int, "-3", -3),
        (float, "2", 2.0),
        (str, "null", "null"),
        (Path, "1.0", Path("1.0")),
        (Path, ["a", "b"], [Path("a"), Path("b")]),
        (Literal["red", "blue"], "blue", "blue"),
    ],
)
def test_text_becomes_a_value(kind: Any, text: Any, value: object) -> None:
    assert converter(kind)(text) == value


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (int, "1.5", r"must be a whole number; got 1\.5"),
        (float, "much", "must be a number; got much"),
        (Literal["red", "blue"], "bleu", "must be one of red, blue; got bleu; did you mean blue"),
    ],
)
def test_other_text_is_said_with_what_is_expected(kind: Any, text: str, said: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=said):
        converter(kind)(text)
