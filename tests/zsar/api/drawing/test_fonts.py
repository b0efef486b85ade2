"""Tests of `fonts`."""

from zsar.api.drawing.fonts import fitted, font_for, missing_characters


def test_a_line_that_fits_is_unchanged_and_a_longer_one_loses_its_middle() -> None:
    assert fitted("surfing", 1000, 12) == "surfing"
    short = fitted("putting on a very long dress", 80, 12)
    assert short.startswith("pu")
    assert short.endswith("ss")
    assert "…" in short
    assert font_for(short, 12).getlength(short) <= 80


def test_only_characters_that_no_font_has_are_missing() -> None:
    assert missing_characters(["surfing", "прыжок", "ὕδωρ"]) == ""
    assert missing_characters(["a\U0010fffe", "b\U0010fffe"]) == "\U0010fffe"


def test_what_is_written_out_is_not_missing() -> None:
    assert missing_characters(["a\u202eb\nc"]) == ""
