import sys
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.image import imread

from zsar.api.drawing.fonts import font_for, missing_characters
from zsar.callbacks.pictures import installed_fonts
from zsar.callbacks.pictures.figures import save_figure
from zsar.callbacks.pictures.installed_fonts import USUAL, characters_of, families_for, font_with

ONLY_NEW = "\U0010fffd"  # a character for private use, which no font has


@pytest.fixture
def new_font(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A font installed today: DejaVu Sans under another name, with one more character, drawn as "A"."""
    path, table = tmp_path / "new.ttf", TTFont(USUAL)
    for subtable in table["cmap"].tables:
        if subtable.format == 12:
            subtable.cmap[ord(ONLY_NEW)] = subtable.cmap[ord("A")]
    for record in table["name"].names:
        record.string = str(record).replace("DejaVu Sans", "Brand New")
    table.save(path)
    monkeypatch.setattr(font_manager, "X11FontDirectories", [str(tmp_path)])
    cached = (installed_fonts._all_fonts, installed_fonts._installed_with, installed_fonts._family)
    for function in cached:
        function.cache_clear()
    yield path
    for function in cached:
        function.cache_clear()


def test_the_usual_font_is_taken_where_it_has_all_characters() -> None:
    assert font_with(frozenset(map(ord, "surfing, прыжок"))) == USUAL
    assert families_for("surfing, прыжок\n") == []


def test_a_character_that_no_font_has_needs_none() -> None:
    assert font_with(frozenset({0x10FFFE})) is None
    assert families_for("a\U0010fffe") == []


def test_what_is_no_font_has_no_characters(tmp_path: Path) -> None:
    (tmp_path / "a.ttf").write_bytes(b"no font")
    assert characters_of(str(tmp_path / "a.ttf")) == frozenset()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep fonts elsewhere")
def test_a_font_that_was_installed_today_is_found(new_font: Path) -> None:
    assert missing_characters([f"A{ONLY_NEW}"]) == ""
    assert font_for(f"A{ONLY_NEW}", 12).path == str(new_font)
    assert families_for(f"a {ONLY_NEW}") == ["Brand New"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep fonts elsewhere")
def test_a_picture_takes_the_font_that_has_the_characters(
    new_font: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = []
    for name, letter in (("new", ONLY_NEW), ("same", "A")):
        figure = Figure(figsize=(2, 1))
        figure.text(0.1, 0.5, f"x{letter}$y", fontsize=20)
        pictures.append(imread(save_figure(figure, tmp_path / f"{name}.png")))
    assert (pictures[0] == pictures[1]).all()
    assert capsys.readouterr().err == ""
