from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torch.testing import assert_close

import zsar.lightning_modules.t3al.text_guided_suppression as module
from tests.reference import t3al as reference
from zsar.lightning_modules.localization.contract import UntrimmedFeatures
from zsar.lightning_modules.localization.segments import Segment
from zsar.lightning_modules.localization.stored.caption_files import SUFFIX, write_captions
from zsar.lightning_modules.localization.stored.video_captions import VideoCaptions
from zsar.lightning_modules.t3al.text_guided_suppression import (
    TextGuidedSuppression,
    VideoCaptionTexts,
    Votes,
    agreeing_segments,
    caption_embedding,
    kept_segments,
)


def at_angles(*degrees: float) -> Tensor:
    angles = torch.tensor(degrees).deg2rad()
    return torch.stack([angles.cos(), angles.sin()], dim=1)


def votes_of(*degrees: float, votes: Votes = "all", share: float = 0.5) -> list[bool]:
    found: list[bool] = agreeing_segments(at_angles(*degrees), similarity=0.75, share=share, votes=votes).tolist()
    return found


def test_the_share_of_all_segments_must_not_be_below_alpha() -> None:
    # 0 and 30 degrees agree at 0.75 (cosine 0.87), 90 with none of them but 60.
    assert votes_of(0, 0, 90) == [True, True, False]  # two of three, one of three
    assert votes_of(0, 0, 90, 90) == [True] * 4  # two of four are half
    assert votes_of(0, 0, 90, 180) == [True, True, False, False]
    assert votes_of(0, 90) == [True, True]  # each is half of all


def test_the_authors_want_more_than_alpha_from_two_segments_on() -> None:
    assert votes_of(0, 0, 90, votes="more_than_share") == [True, True, False]
    assert votes_of(0, 0, 90, 90, votes="more_than_share") == [False] * 4
    assert votes_of(0, 90, votes="more_than_share") == [False, False]
    assert votes_of(0, 30, votes="more_than_share") == [True, True]


def test_of_the_others_more_than_half_must_agree() -> None:
    assert votes_of(0, 30, 60, 180, votes="others") == [False, True, False, False]
    assert votes_of(0, 10, 20, 180, votes="others") == [True, True, True, False]
    assert votes_of(0, 0, 90, votes="others") == [False, False, False]
    assert votes_of(0, 0, 90, votes="others", share=0.4) == [True, True, False]
    assert votes_of(0, 90, votes="others") == [True, True]


@pytest.mark.parametrize("votes", ["all", "more_than_share", "others"])
def test_a_single_segment_is_kept(votes: Votes) -> None:
    assert votes_of(votes=votes) == []
    assert votes_of(0, votes=votes) == [True]


@pytest.mark.parametrize("votes", ["all", "more_than_share", "others"])
def test_it_is_the_reference(votes: Votes) -> None:
    for n in (1, 2, 3, 4, 9):
        captions = [torch.randn(int(torch.randint(1, 5, ())), 3, dtype=torch.float64) for _ in range(n)]
        embedded = torch.stack(
            [caption_embedding(each, lambda f: functional.normalize(f[:, 0], dim=-1)) for each in captions]
        )
        for share, similarity in ((0.5, 0.0), (0.25, 0.4), (0.0, 0.75)):
            ours = agreeing_segments(embedded, similarity=similarity, share=share, votes=votes).tolist()
            assert ours == reference.keep_regions(captions, share, similarity, votes)


# --- segments of a video ----------------------------------------------------------------------------------------------


def directions(texts: Sequence[str]) -> Tensor:
    """Two opposite directions: of texts that begin with "b", and of others."""
    return torch.tensor([[-1.0 if text.startswith("b") else 1.0] for text in texts])


def kept(folder: Path, captions: dict[float, str], *segments: Segment, **settings: Any) -> list[bool]:
    stored = VideoCaptions(times_seconds=np.array(list(captions)), texts=tuple(captions.values()), source=None)
    write_captions(folder / f"v{SUFFIX}", stored)
    backbone: Any = None  # nothing is generated
    texts = VideoCaptionTexts(video(folder), backbone, directions, TextGuidedSuppression(**settings))
    return kept_segments(segments, texts, lambda features: functional.normalize(features[:, 0], dim=-1))


def test_a_segment_without_captions_has_the_nearest_or_is_dropped(tmp_path: Path) -> None:
    captions = {0.5: "a", 2.5: "a", 8.0: "b"}
    segments = [segment(0, 3), segment(8, 11), segment(24, 27)]  # 0 to 1, 2 to 3, 6 to 7 seconds
    assert kept(tmp_path, captions, *segments) == [True, True, False]  # "b" is nearest to the third
    dropped = {"without_captions": "dropped"}
    assert kept(tmp_path, captions, *segments, **dropped) == [True, True, False]
    assert kept(tmp_path, {0.5: "a", 2.5: "b"}, *segments) == [False, True, True]  # of three, "b" has two
    assert kept(tmp_path, {0.5: "a", 2.5: "b"}, *segments, **dropped) == [True, True, False]  # it does not vote
    assert kept(tmp_path, {8.0: "b"}, segments[0]) == [True]
    assert kept(tmp_path, {8.0: "b"}, segments[0], **dropped) == [False]


def test_two_that_disagree_are_kept_unless_more_than_half_must_agree(tmp_path: Path) -> None:
    captions = {0.5: "a", 2.5: "b"}
    segments = [segment(0, 3), segment(8, 11)]
    assert kept(tmp_path, captions, *segments) == [True, True]
    assert kept(tmp_path, captions, *segments, share=0.6) == [False, False]
    assert kept(tmp_path, captions, *segments, votes="more_than_share") == [False, False]
    assert kept(tmp_path, captions, *segments, votes="others") == [True, True]


# --- where captions come from -----------------------------------------------------------------------------------------


def video(folder: Path | None = None, **more: Any) -> UntrimmedFeatures:
    times = torch.arange(40, dtype=torch.float64) / 4
    return UntrimmedFeatures("v", torch.zeros(40, 2), times, 10.0, captions_folder=folder, **more)


def lengths(texts: Sequence[str]) -> Tensor:
    return torch.tensor([[float(len(text))] for text in texts])


def segment(first: int, last: int) -> Segment:
    return Segment(first / 4, (last + 1) / 4, first, last, 1.0)


def texts_of(each: UntrimmedFeatures, **settings: Any) -> VideoCaptionTexts:
    return VideoCaptionTexts(each, None, lengths, TextGuidedSuppression(**settings))  # type: ignore[arg-type]


def test_captions_are_read_from_the_video_s_file(tmp_path: Path) -> None:
    captions = VideoCaptions(times_seconds=np.array([0.5, 1.5, 8.0]), texts=("a", "bcd", "efghi"), source=None)
    write_captions(tmp_path / f"v{SUFFIX}", captions)
    texts = texts_of(video(tmp_path))
    assert_close(texts.features_of(segment(0, 7)), torch.tensor([[1.0], [3.0]]))
    assert_close(texts.features_of(segment(20, 23)), torch.tensor([[5.0]]))  # none inside: the nearest in time


def test_a_missing_file_of_captions_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"v\.captions\.json"):
        texts_of(video(tmp_path)).features_of(segment(0, 7))


def test_captions_are_generated_once_for_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[float]] = []

    def frames_at(times: Sequence[float]) -> Tensor:
        asked.append(list(times))
        return torch.tensor(times)

    def written(_: object, frames: Tensor, __: object) -> list[str]:
        return ["x" * int(4 * seconds) for seconds in frames]

    monkeypatch.setattr(module, "generate_captions", written)
    texts = texts_of(video(frames_at=frames_at), seconds=1.0)
    assert_close(texts.features_of(segment(3, 11)), torch.tensor([[4.0], [8.0]]))  # 0.75 to 3 s, which is not inside
    texts.features_of(segment(4, 15))
    texts.features_of(segment(5, 6))  # 1.25 to 1.75 s holds no whole second
    assert asked == [[1.0, 2.0], [3.0], [1.5]]


def test_every_frame_that_was_looked_at_can_be_captioned(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    monkeypatch.setattr(module, "generate_captions", lambda _, frames, __: ["x"] * len(frames))

    def frames_at(times: Sequence[float]) -> Tensor:
        asked.extend(times)
        return torch.zeros(len(times))

    texts_of(video(frames_at=frames_at), seconds=None).features_of(segment(3, 23))
    assert asked == [frame / 4 for frame in range(3, 24)]


def test_a_frame_that_is_shown_for_years_is_captioned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    monkeypatch.setattr(module, "generate_captions", lambda _, frames, __: ["x"] * len(frames))

    def frames_at(times: Sequence[float]) -> Tensor:
        asked.extend(times)
        return torch.zeros(len(times))

    times = torch.tensor([0.0, 0.04, 0.08, 0.12, 1e8], dtype=torch.float64)
    late = UntrimmedFeatures("v", torch.zeros(5, 2), times, 1e8 + 0.04, frames_at=frames_at)
    features = texts_of(late, seconds=1.0).features_of(Segment(0.0, 1e8 + 0.04, 0, 4, 1.0))
    assert len(features) == 5
    assert asked == times.tolist()


def test_captions_without_a_file_and_without_a_video_are_no_captions() -> None:
    with pytest.raises(FileNotFoundError, match="its frames are not available; give a folder of captions"):
        texts_of(video()).features_of(segment(3, 23))


@pytest.mark.parametrize(
    "wrong", [{"similarity": 1.1}, {"share": 1.0}, {"share": -0.1}, {"seconds": 0.0}, {"seconds": float("inf")}]
)
def test_thresholds_that_mean_nothing_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        TextGuidedSuppression(**wrong)  # type: ignore[arg-type]
