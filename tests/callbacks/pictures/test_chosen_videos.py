from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from zsar.callbacks.pictures.chosen_videos import VideoChoice, file_stem, read_clips
from zsar.callbacks.pictures.tested_videos import TestedSet
from zsar.datamodules.batch import ClassText
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading

TEXT = ClassText("test", ("run", "swim"), (("run",), ("swim",)), "names")
# Rows 10 to 15; the last could not be decoded. The probability of "run":
RUN = torch.tensor([0.9, 0.6, 0.2, 0.7, 0.1, 0.5])
TESTED = TestedSet(
    TEXT,
    0,
    torch.arange(10, 16),
    torch.tensor([0, 0, 0, 1, 1, 1]),
    torch.stack([RUN, 1 - RUN], dim=1),
    torch.tensor([False] * 5 + [True]),
)


class Table:
    def __len__(self) -> int:  # noqa: D105
        return 20

    def key(self, index: int) -> str:
        return f"key {index}"

    def path(self, index: int) -> str:
        return f"{index}.mp4"


@pytest.mark.parametrize(
    ("choice", "positions"),
    [
        (VideoChoice(), [0, 1, 2, 3, 4]),
        (VideoChoice(n=2), [0, 4]),
        (VideoChoice(n=1), [0]),
        (VideoChoice(by="mistakes"), [2, 3]),  # probability 0.8 and 0.7 of the wrong class
        (VideoChoice(n=1, by="mistakes"), [2]),
        (VideoChoice(n=2, by="doubtful"), [1, 0]),  # 0.6 and 0.9 of the right class, as has the last
        (VideoChoice(classes=["swim"]), [3, 4]),
        (VideoChoice(by="mistakes", classes=["swim"]), [3]),
        (VideoChoice(videos=["key 15", "12.mp4"]), [2, 5]),
    ],
)
def test_the_choice(choice: VideoChoice, positions: list[int]) -> None:
    assert choice.positions(TESTED, Table()) == positions


def test_a_random_choice_depends_on_its_seed_and_the_set_alone() -> None:
    draws = {tuple(VideoChoice(n=2, by="random", seed=seed).positions(TESTED, Table())) for seed in range(30)}
    assert len(draws) > 3
    assert all(len(set(draw)) == 2 and max(draw) < 5 for draw in draws)
    once, again = (VideoChoice(n=3, by="random", seed=1).positions(TESTED, Table()) for _ in range(2))
    assert once == again


@pytest.mark.parametrize("by", ["spread", "random", "mistakes", "doubtful"])
def test_nothing_is_chosen_where_nothing_was_decoded(by: Any) -> None:
    nothing = replace(TESTED, failed=torch.ones(6, dtype=torch.bool))
    assert VideoChoice(by=by).positions(nothing, Table()) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n": 0}, "n must be at least 1; got 0"),
        ({"by": "beauty"}, "by must be one of spread, random, mistakes, doubtful; got .beauty."),
        ({"videos": []}, "videos is an empty list"),
        ({"classes": []}, "classes is an empty list"),
        ({"videos": ["a"], "classes": ["b"]}, "videos and classes are both given"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        VideoChoice(**settings)


def test_what_is_in_no_set_is_named_before_the_test() -> None:
    tables, names = {"test": Table()}, {"test": TEXT.names}
    VideoChoice(videos=["key 3", "4.mp4"]).check(tables, names)
    VideoChoice(classes=["run"]).check(tables, names)
    with pytest.raises(ValueError, match=r"no test set \(test\) has the video\(s\) 'x'; .* such as 'key 0'"):
        VideoChoice(videos=["key 3", "x"]).check(tables, names)
    with pytest.raises(ValueError, match=r"no test set \(test\) has the class\(es\) 'fly'; there are 2, such as 'run'"):
        VideoChoice(classes=["fly"]).check(tables, names)


def test_named_videos_that_were_not_reached_are_counted() -> None:
    assert VideoChoice(videos=["a", "b", "b"]).n_untested(1) == 1
    assert VideoChoice(n=8).n_untested(3) == 0


def test_clips_are_read_as_they_were_tested(video_tree: Path) -> None:
    clips = Clips(n_frames=4, image_size=32, n_test_clips=2)
    module = VideoFolder(train=video_tree, test=video_tree, clips=clips, loading=Loading(3, n_workers=0))
    module.setup("test")
    loaders = module.test_dataloader()
    tested = next(iter(loaders[0]))
    batch = read_clips(SimpleNamespace(test_dataloaders=loaders), 0, [2, 0])  # type: ignore[arg-type]
    assert batch.indices.tolist() == [2, 0]
    assert batch.frames.shape == (2, 2, 4, 3, 32, 32)
    torch.testing.assert_close(batch.frames, tested.frames[[2, 0]], rtol=0, atol=0)
    torch.testing.assert_close(batch.labels, tested.labels[[2, 0]])


def test_names_of_files_are_safe_and_unique() -> None:
    names = {file_stem(row, key) for row, key in enumerate(["a $b$ ü.mp4", "a _b_ ü.mp4", "x" * 300])}
    assert len(names) == 3
    assert all(name.isascii() and len(name) < 140 and not set(name) & set(" $/") for name in names)
