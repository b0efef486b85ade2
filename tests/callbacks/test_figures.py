from pathlib import Path

import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from callbacks.figures import save_figure


def test_a_figure_is_written_at_its_resolution_into_a_new_folder(tmp_path: Path) -> None:
    path = save_figure(Figure(figsize=(2, 1)), tmp_path / "deep" / "figure.png", dots_per_inch=50)
    assert imread(path).shape[:2] == (50, 100)


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not supported"):
        save_figure(Figure(), tmp_path / "figure.nothing")
