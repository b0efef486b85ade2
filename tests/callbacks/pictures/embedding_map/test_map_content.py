"""What a map of videos shows and says: all numbers, all points, and in words what is left out."""

from typing import Any

import numpy as np
import pytest

from zsar.callbacks.pictures.embedding_map.map_content import MappedVideos, map_content
from zsar.callbacks.pictures.embedding_map.numbers.frame_spread import unit_length
from zsar.callbacks.pictures.embedding_map.numbers.projection import Projection

DRAWS = np.random.default_rng(0)


def videos_of(n_classes: int = 3, n: int = 30, *, n_sets: int = 1, **changes: Any) -> MappedVideos:
    labels = np.arange(n) % n_classes
    centres = DRAWS.normal(size=(n_classes, 8))
    arguments: dict[str, Any] = {
        "set_names": [f"set{i}" for i in range(n_sets)],
        "names": [f"class {i}" for i in range(n_classes)],
        "labels": labels,
        "embeddings": unit_length(centres[labels] + 0.3 * DRAWS.normal(size=(n, 8))).astype(np.float32),
        "sets": np.arange(n) * n_sets // n,
        "videos": [f"v{i}.mp4" for i in range(n)],
        "n_failed": 0,
        "texts": {},
    }
    return MappedVideos(**{**arguments, **changes})


def test_the_numbers_have_all_classes_and_points() -> None:
    videos = videos_of()
    content = map_content(videos, Projection(), seed=0, most_points=100)
    assert content.numbers["n_videos"] == content.numbers["n_drawn"] == 30
    assert [c["name"] for c in content.numbers["separation"]["classes"]] == videos.names
    assert [p["video"] for p in content.numbers["points"]] == videos.videos
    assert {p["class"] for p in content.numbers["points"]} == set(videos.names)
    place = [[p["x"], p["y"]] for p in content.numbers["points"]]
    np.testing.assert_allclose(place, content.shown.points, atol=1e-5)
    assert content.numbers["separation_of_sets"] == {}
    assert content.shown.title == "set0: 30 videos of 3 classes, by PCA"
    assert content.alt.startswith(
        "Map of set0: 30 videos of 3 classes, by PCA. Nearest other video of the same class: "
    )


def test_of_too_many_videos_some_are_drawn_and_all_are_measured() -> None:
    videos = videos_of()
    content = map_content(videos, Projection(), seed=0, most_points=7)
    assert (content.numbers["n_videos"], content.numbers["n_drawn"], len(content.numbers["points"])) == (30, 7, 7)
    assert content.numbers["points"][-1]["video"] == "v29.mp4"
    assert "7 of 30 videos are drawn, the numbers are of all" in content.shown.lines[0]
    assert content.numbers["separation"]["n"] == 30


def test_sets_on_one_map_are_measured_together_and_each() -> None:
    videos = videos_of(n_sets=2)
    content = map_content(videos, Projection(), seed=0, most_points=100)
    assert content.shown.title.startswith("set0 and set1: 30 videos")
    assert content.shown.hollow.tolist() == [False] * 15 + [True] * 15
    assert "filled: set0; hollow: set1" in content.shown.notes
    assert [content.numbers["separation_of_sets"][name]["n"] for name in ("set0", "set1")] == [15, 15]
    assert content.numbers["points"][20]["set"] == "set1"


def test_class_texts_lie_among_the_videos_whatever_the_gap_between_both() -> None:
    texts = {f"class {i}": (10 + DRAWS.normal(size=8)).astype(np.float32) for i in range(3)}
    videos = videos_of(texts=texts)
    content = map_content(videos, Projection(), seed=0, most_points=100)
    assert list(content.shown.texts) == list(texts)
    mean = np.mean(list(content.shown.texts.values()), axis=0)
    np.testing.assert_allclose(mean, content.shown.points.mean(axis=0), atol=1e-6)
    assert [entry["class"] for entry in content.numbers["texts"]] == list(texts)
    assert any("star" in note for note in content.shown.notes)


def test_what_is_left_out_is_said() -> None:
    content = map_content(videos_of(n_failed=2), Projection(), seed=0, most_points=100)
    assert content.shown.lines[-1] == "2 undecodable videos left out"
    assert content.numbers["n_undecodable"] == 2


def test_many_classes_are_named_in_part_and_numbered_in_full() -> None:
    content = map_content(videos_of(60, 180), Projection(), seed=0, most_points=1000)
    assert len(content.shown.marks) == 24
    assert any("named: the 24 of 60 classes" in note for note in content.shown.notes)
    assert len(content.numbers["separation"]["classes"]) == 60


@pytest.mark.parametrize(("n", "title"), [(1, "set0: 1 video of 1 class"), (4, "set0: 4 videos of 1 class")])
def test_one_class_and_one_video_have_a_map(n: int, title: str) -> None:
    content = map_content(videos_of(1, n), Projection(), seed=0, most_points=100)
    assert content.shown.title.startswith(title)
    assert "None" not in " ".join(content.shown.lines) + content.alt


def test_the_most_mixed_classes_are_named_in_words() -> None:
    x = unit_length(np.array([[1.0, 0.0], [1.0, 0.1], [1.0, 0.01], [1.0, 0.11]])).astype(np.float32)
    videos = videos_of(2, 4, embeddings=x, labels=np.array([0, 0, 1, 1]))
    alt = map_content(videos, Projection(), seed=0, most_points=100).alt
    assert "class 0 with class 1 (0 %), class 1 with class 0 (0 %)" in alt
