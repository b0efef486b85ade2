import itertools
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from zsar.lightning_modules.localization.contract import UntrimmedFeatures
from zsar.lightning_modules.t3al.memory.candidates import Candidate
from zsar.lightning_modules.t3al.memory.class_prototypes import ClassPrototypes
from zsar.lightning_modules.t3al.memory.remembered_videos import RememberedVideos

VIDEOS = {
    row: UntrimmedFeatures(str(row), torch.full((3, 2), float(row)), torch.arange(3).double(), 3.0) for row in range(5)
}


def candidates(video: UntrimmedFeatures) -> Mapping[int, Candidate]:
    return {0: Candidate(0, float(video.id), video.features.mean(dim=0))}


def trainer(*, features_folder: object, limit: float = float("inf"), predicting: bool = False) -> Any:
    """A test of five videos, two a batch."""
    loader = [torch.tensor([0, 1]), torch.tensor([2, 3]), torch.tensor([4])]
    kind = "predict" if predicting else "test"
    settings: dict[str, Any] = {f"{kind}_dataloaders": loader, f"num_{kind}_batches": [limit]}
    return SimpleNamespace(
        predicting=predicting,
        world_size=1,
        is_global_zero=True,
        progress_bar_callback=None,
        datamodule=SimpleNamespace(features_folder=features_folder),
        **settings,
    )


@pytest.mark.parametrize("predicting", [False, True])
def test_each_video_is_read_once_and_kept_where_its_features_are_in_no_file(predicting: bool) -> None:
    read = []

    def reading(row: int) -> UntrimmedFeatures | None:
        read.append(row)
        return None if row == 2 else VIDEOS[row]  # the second pass reports what cannot be decoded

    for folder, kept in ((None, [0, 1, 3, 4]), ("features", [])):
        remembered = RememberedVideos(ClassPrototypes(capacity=10))
        remembered.first_pass(trainer(features_folder=folder, predicting=predicting), reading, candidates)
        assert read == [0, 1, 2, 3, 4]
        assert [row for row in VIDEOS if remembered.video(row) is not None] == kept
        assert remembered.counts() == {0: {"n_classes": 1, "n_candidates": 4}}
        remembered.close()
        assert remembered.video(0) is None
        assert remembered.counts() != {}
        read.clear()


def test_a_limited_test_remembers_what_it_tests() -> None:
    remembered = RememberedVideos(ClassPrototypes(capacity=10))
    remembered.first_pass(trainer(features_folder="f", limit=2), VIDEOS.get, candidates)
    assert remembered.counts() == {0: {"n_classes": 1, "n_candidates": 4}}


def test_a_second_filling_starts_from_nothing() -> None:
    remembered = RememberedVideos(ClassPrototypes())
    for rows in ([0, 1], [3]):
        remembered.fill(((row, VIDEOS[row]) for row in rows), candidates)
    assert remembered.counts() == {0: {"n_classes": 1, "n_candidates": 1}}


def test_a_prototype_is_like_the_features_and_none_where_the_text_stays() -> None:
    remembered = RememberedVideos(ClassPrototypes())
    remembered.fill(((row, VIDEOS[row]) for row in (1, 2)), candidates)
    found = remembered.prototype(remembered.table(0), 0, VIDEOS[1])
    assert found is not None
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, torch.full((2,), 0.5**0.5))
    assert remembered.prototype(0, 7, VIDEOS[1]) is None


def test_without_a_memory_sets_share_their_scores_and_nothing_is_remembered() -> None:
    remembered = RememberedVideos(None)
    assert [remembered.table(index) for index in range(3)] == [None, None, None]
    assert remembered.prototype(None, 0, VIDEOS[0]) is None
    assert (remembered.counts(), remembered.video(0)) == ({}, None)
    with pytest.raises(
        ValueError, match=r"memory is None, so that there is nothing to fill; set it to ClassPrototypes"
    ):
        remembered.fill(itertools.islice(VIDEOS.items(), 1), candidates)


def test_a_memory_that_was_shown_nothing_says_so() -> None:
    with pytest.raises(ValueError, match=r"the memory is empty; show it all videos before .* T3AL.remember"):
        RememberedVideos(ClassPrototypes()).prototype(0, 0, VIDEOS[0])
