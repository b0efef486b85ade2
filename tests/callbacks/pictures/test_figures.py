import warnings
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from zsar.callbacks.pictures.figures import linspace_indices, save_figure


def test_a_figure_is_written_at_its_resolution_into_a_new_folder(tmp_path: Path) -> None:
    path = save_figure(Figure(figsize=(2, 1)), tmp_path / "deep" / "figure.png", dots_per_inch=50)
    assert imread(path).shape[:2] == (50, 100)


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not supported"):
        save_figure(Figure(), tmp_path / "figure.nothing")


def test_text_is_drawn_as_typed(tmp_path: Path) -> None:
    names = ["$x$ $", "\udce9[/b]", "a\nb", "\x1b[31m", r"\frac", "%s {}"]
    figure = Figure(figsize=(2, 1))
    axes = figure.add_subplot(title=names[0], xlabel=names[1])
    texts = [figure.text(0, 0, name) for name in names]
    axes.plot([0, 1], label="$unfinished")
    axes.legend()
    for suffix in (".png", ".svg"):
        save_figure(figure, tmp_path / f"figure{suffix}")
    assert [text.get_text() for text in texts] == ["$x$ $", "\\xe9[/b]", "a\nb", "\\x1b[31m", r"\frac", "%s {}"]


def test_letters_that_the_font_lacks_are_named_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figure = Figure(figsize=(2, 1))
    figure.text(0, 0, "\U0010fffe\U0010ffff\U0010fffe")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save_figure(figure, tmp_path / "figure.png")
    shown = "\U0010fffe \U0010ffff"
    assert capsys.readouterr().err == f"{tmp_path / 'figure.png'}: no installed font has {shown}, shown as boxes\n"


def test_indices_are_spread_from_the_first_to_the_last() -> None:
    assert linspace_indices(3, 9) == {0, 4, 8}
    assert linspace_indices(4, 100) == {0, 33, 66, 99}


def test_where_as_many_or_more_are_wanted_all_are_chosen() -> None:
    assert linspace_indices(5, 2) == {0, 1}
    assert linspace_indices(3, 3) == {0, 1, 2}
