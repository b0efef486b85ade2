"""Tests of `fonts`."""

import time

import pytest

from zsar.api.drawing.fonts import fitted, font_for, in_one_line, missing_characters


def test_a_line_that_fits_is_unchanged_and_a_longer_one_loses_its_middle() -> None:
    assert fitted("surfing", 1000, 12) == "surfing"
    short = fitted("putting on a very long dress", 80, 12)
    assert short.startswith("pu")
    assert short.endswith("ss")
    assert "…" in short
    assert font_for(short, 12).getlength(short) <= 80


@pytest.mark.parametrize("text", ["office affinity " * 9, "прыжок " * 5, "مرحبا بالعالم " * 9, "a" * 3000])
@pytest.mark.parametrize("width", [0, 8, 20, 77, 150])
def test_of_a_line_that_is_too_long_as_much_is_kept_as_fits(text: str, width: int) -> None:
    line = fitted(text, width, 12)
    font = font_for(text, 12)
    assert line == "…" or font.getlength(line) <= width
    whole, longer = in_one_line(text), len(line)
    more = f"{whole[: (longer + 1) // 2]}…{whole[len(whole) - longer // 2 :]}"
    assert font.getlength(more) > width


def test_a_line_of_any_length_is_shortened_at_once() -> None:
    begin = time.monotonic()
    assert "…" in fitted("x" * 100_000, 200, 12)
    assert time.monotonic() - begin < 5


def test_only_characters_that_no_font_has_are_missing() -> None:
    assert missing_characters(["surfing", "прыжок", "ὕδωρ"]) == ""
    assert missing_characters(["a\U0010fffe", "b\U0010fffe"]) == "\U0010fffe"
