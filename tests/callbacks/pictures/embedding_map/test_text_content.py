"""Class texts before and after tuning: what is shown, and the numbers of all videos."""

import numpy as np
import pytest

from zsar.callbacks.pictures.embedding_map.numbers.frame_spread import unit_length
from zsar.callbacks.pictures.embedding_map.numbers.projection import Projection
from zsar.callbacks.pictures.embedding_map.numbers.text_spread import TextSpread
from zsar.callbacks.pictures.embedding_map.text_content import TunedTexts, text_content

DRAWS = np.random.default_rng(0)


def texts_of(n_classes: int = 4, n_shown: int = 2, *, which: tuple[str, ...] = ("names", "class_text")) -> TunedTexts:
    """The last class moves most; of five videos some are shown."""
    spreads, points = {}, {row: {} for row in range(n_shown)}  # type: ignore[var-annotated]
    for name in which:
        untuned = unit_length(DRAWS.normal(size=(n_classes, 6)))
        moved = 0.1 * np.arange(1, n_classes + 1)[:, None] * DRAWS.normal(size=(5, n_classes, 6))
        tuned = unit_length(untuned + moved)
        spreads[name] = TextSpread(untuned)
        spreads[name].add(tuned)
        for row in range(n_shown):
            points[row][name] = tuned[row].astype(np.float32)
    names = [f"class {i}" for i in range(n_classes)]
    return TunedTexts("novel", names, spreads, {row: f"v{row}.mp4" for row in points}, points)


def test_both_sets_of_texts_have_a_row_with_numbers_of_all_videos() -> None:
    texts = texts_of()
    content = text_content(texts, Projection(), seed=0)
    assert list(content.numbers["texts"]) == ["names", "class_text"]
    names = content.numbers["texts"]["names"]
    assert names["n_videos"] == 5
    assert {k: names[k] for k in ("std_before", "std_after", "classes")} == {
        k: texts.spreads["names"].numbers(texts.names)[k] for k in ("std_before", "std_after", "classes")
    }
    assert (np.shape(names["points"]["untuned"]), np.shape(names["points"]["tuned"])) == ((4, 2), (2, 4, 2))
    assert content.numbers["videos"] == ["v0.mp4", "v1.mp4"]
    left, right = content.shown.panels[0].before, content.shown.panels[0].after
    assert left == f"class names, before tuning: deviation {names['std_before']:.4f}"
    assert right == f"as tuned for 2 videos: deviation {names['std_after']:.4f} (mean of 5)"


def test_before_and_after_are_on_one_map() -> None:
    texts = texts_of(which=("names",))
    untuned = texts.spreads["names"].untuned
    same = TunedTexts("novel", texts.names, texts.spreads, {0: "v"}, {0: {"names": untuned.astype(np.float32)}})
    panels = text_content(same, Projection(), seed=0).shown.panels[0]
    np.testing.assert_allclose(panels.tuned[0], panels.untuned, atol=1e-6)


def test_of_many_classes_those_that_move_most_are_named() -> None:
    content = text_content(texts_of(60, which=("names",)), Projection(), seed=0)
    rows = content.numbers["texts"]["names"]["classes"]
    assert list(content.shown.panels[0].marks) == [row["name"] for row in rows[:24]]
    assert any("move most of 60" in line for line in content.shown.lines)
    assert len(rows) == 60


@pytest.mark.parametrize("n_classes", [1, 2])
def test_one_class_and_one_video_have_a_map(n_classes: int) -> None:
    content = text_content(texts_of(n_classes, 1, which=("class_text",)), Projection(), seed=0)
    assert content.shown.title.startswith(f"novel: texts of {n_classes} class")
    assert content.alt.count("class text: deviation") == 1
