import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.makers.results.localization_results import localization_of
from tests.makers.results.paired_runs import Segment, write_detections
from zsar.lightning_modules.command_line.summarize.compared.localized_videos import LocalizedVideos, localized_videos
from zsar.lightning_modules.command_line.summarize.compared.paired_bootstrap import observed


def localized(folder: Path) -> LocalizedVideos:
    return localized_videos(localization_of(folder))


def test_by_hand(tmp_path: Path) -> None:
    annotated = {"a": [("jump", 0.0, 4.0)], "b": [("jump", 0.0, 4.0)], "c": []}
    found: dict[str, list[Segment]] = {
        "a": [("jump", 0.0, 4.0, 0.5), ("run", 0.0, 4.0, 0.9)],
        "b": [],
        "c": [("jump", 0.0, 1.0, 0.9)],
    }
    run = localized(write_detections(tmp_path / "run", found, annotated))
    # A false positive in front: precision 1/2 at the only hit, of two instances.
    assert observed(run) == {"map_0.5": 25.0, "map": 25.0}
    counts = {"test": np.array([[1, 0, 0], [1, 1, 0], [2, 0, 1], [0, 2, 1], [0, 0, 3]])}
    # Without it 1 of 1, and 1 of 2; two hits behind it, both at the precision of the last, 2/3; no hit; no instance.
    np.testing.assert_allclose(run.figures(counts)["map"], [100, 50, 200 / 3, 0, np.nan])


def test_draws_count_as_videos_of_their_own(tmp_path: Path) -> None:
    """The oracle writes each copy of a video down as another video."""
    generator = np.random.default_rng(0)
    annotated, found = {}, {}
    for video in map(str, range(12)):
        starts = np.sort(generator.uniform(0, 50, 3)).tolist()
        names = generator.choice(["jump", "run"], 3).tolist()
        annotated[video] = [(name, start, start + 4) for name, start in zip(names, starts, strict=True)]
        shifts, scores = generator.uniform(-3, 3, (2, 3)).tolist()
        found[video] = [
            (name, start + shift, start + shift + 4, score)
            for name, start, shift, score in zip(names, starts, shifts, scores, strict=True)
        ]
    run = localized(write_detections(tmp_path / "run", found, annotated))
    for number in range(8):
        draw = Counter(generator.choice(list(found), 12).tolist())
        copies = [(video, f"{video}.{copy}") for video, n in draw.items() for copy in range(n)]
        folder = write_detections(
            tmp_path / str(number), {c: found[v] for v, c in copies}, {c: annotated[v] for v, c in copies}
        )
        counts = {"test": np.array([[draw[video] for video in found]])}
        expected = localization_of(folder).figures["map"]
        assert run.figures(counts)["map"] == pytest.approx([expected])


def test_a_difference_need_not_be_in_the_middle_of_its_draws(tmp_path: Path) -> None:
    """By hand: a class has two videos, and one of two runs finds nothing in that with one of its four instances."""
    one, three = [("jump", 0.0, 4.0)], [("jump", start, start + 4.0) for start in (0.0, 10.0, 20.0)]
    annotated = {"a": one, "b": three}
    whole: dict[str, list[Segment]] = {video: [(*i, 0.5) for i in of_video] for video, of_video in annotated.items()}
    first = localized(write_detections(tmp_path / "first", whole, annotated))
    second = localized(write_detections(tmp_path / "second", {**whole, "a": []}, annotated))
    draws = {"test": np.array([[1, 1], [1, 1], [2, 0], [0, 2]])}  # all there are, as likely as each other
    apart = second.figures(draws)["map"] - first.figures(draws)["map"]
    np.testing.assert_allclose(apart, [-25, -25, -100, 0])
    assert apart.mean() == -37.5  # where the other video is not drawn, one instance is the whole class


def test_a_file_that_lacks_what_it_needs_is_an_error(tmp_path: Path) -> None:
    folder = write_detections(tmp_path / "run", {"a": []}, {"a": [("jump", 0.0, 4.0)]})
    path = folder / "detections.json"
    content = json.loads(path.read_text())
    del content["sets"]["test"]["annotations"]
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"of an earlier version, which wrote no annotations; test again: .*run"):
        localized(folder)
    content["sets"]["test"]["annotations"] = {"a": [{"label": "jump"}]}
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"detections.json is not laid out as `zsar test` writes it \('segment'\)"):
        localized(folder)
    path.unlink()
    with pytest.raises(ValueError, match=r"is not there, and videos are compared by their detections; test again"):
        localized(folder)
