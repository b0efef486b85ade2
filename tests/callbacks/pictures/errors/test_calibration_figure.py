from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.text import Text

from zsar.callbacks.pictures.errors.calibrated_set import CalibratedSet, calibrated
from zsar.callbacks.pictures.errors.calibration_figure import draw_calibration
from zsar.callbacks.pictures.figures import save_figure


def of(name: str, confidences: list[float], correct: list[bool]) -> CalibratedSet:
    return calibrated(confidences, correct, set_name=name, n_classes=4, n_undecodable=0, n_listed=len(correct))


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text()]


BASE = of("base", [0.9, 0.8, 0.7, 0.6], [True, True, False, True])
NOVEL = of("$novel$", [0.85, 0.5], [False, True])


def test_thresholds_are_written_with_what_they_do_to_each_set() -> None:
    found = texts(draw_calibration(BASE, {"base": BASE, "$novel$": NOVEL}))
    assert {"0.8", "answers 50.0 %, 0.0 % wrong", "on $novel$", "answers 50.0 %, 100.0 % wrong"} <= set(found)
    assert "1 %: threshold 0.8" in found
    other = texts(draw_calibration(NOVEL, {"base": BASE, "$novel$": NOVEL}))
    assert other.count("none") == 4
    assert not any(text.startswith("answers ") for text in other)


def test_of_many_sets_two_others_are_shown_and_all_text_is_on_the_page() -> None:
    sets = {name: of(name, [0.9, 0.8, 0.7], [True, True, False]) for name in ("a", "b" * 90, "c", "d", "e")}
    figure = draw_calibration(sets["a"], sets)
    figure.draw_without_rendering()
    assert "on c" in texts(figure)
    assert "on d" not in texts(figure)
    assert any("(2 more sets in the JSON file)" in text for text in texts(figure))
    for text in (*figure.texts, *(text for axes in figure.axes for text in axes.texts)):
        assert text.get_window_extent().x1 <= figure.bbox.x1 + 1, text.get_text()


def test_the_heights_of_the_bars_are_accuracy_and_mean_probability() -> None:
    one = of("test", [0.65, 0.66, 0.95], [True, False, False])
    axes = draw_calibration(one, {"test": one}).axes[0]
    tops: dict[float, float] = {}
    for patch in axes.patches:
        tops[round(patch.get_x(), 3)] = patch.get_y() + patch.get_height()
    assert tops == pytest.approx({0.6: 0.655, 0.933: 0.95}, abs=1e-6)
    blue = [patch.get_height() for patch in axes.patches if patch.get_y() == 0]
    assert blue[0] == pytest.approx(0.5)


@pytest.mark.parametrize(("right", "said"), [(True, "0, always answers"), (False, "none")])
def test_all_right_all_wrong_and_a_single_video_are_drawn(right: bool, said: str) -> None:
    for confidences in ([0.4, 0.9], [1.0]):
        one = of("test", confidences, [right] * len(confidences))
        assert texts(draw_calibration(one, {"test": one})).count(said) == 4


@pytest.mark.slow
def test_20000_videos_make_a_picture_of_usual_size(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    confidences = rng.random(20_000)
    one = of("test", confidences.tolist(), (rng.random(20_000) < confidences).tolist())
    path = save_figure(draw_calibration(one, {"test": one}), tmp_path / "calibration.png")
    assert path.stat().st_size < 300_000
    assert max(imread(path).shape[:2]) < 2_000
    assert one.reliability.ece < 0.02  # its probabilities are right by construction
