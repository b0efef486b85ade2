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
from zsar.lightning_modules.localization.stored.caption_files import SUFFIX, VideoCaptions, write_captions
from zsar.lightning_modules.t3al.text_guided_suppression import (
    TextGuidedSuppression,
    VideoCaptionTexts,
    agreeing_segments,
    caption_embedding,
)


def at_angles(*degrees: float) -> Tensor:
    angles = torch.tensor(degrees).deg2rad()
    return torch.stack([angles.cos(), angles.sin()], dim=1)


def test_a_segment_needs_more_than_half_of_the_others() -> None:
    # 0 and 30 degrees agree at 0.75 (cosine 0.87), 90 with none of them but 60: of four, each needs two of three.
    kept = agreeing_segments(at_angles(0, 30, 60, 180), similarity=0.75, share=0.5)
    assert kept.tolist() == [False, True, False, False]
    assert agreeing_segments(at_angles(0, 10, 20, 180), similarity=0.75, share=0.5).tolist() == [
        True,
        True,
        True,
        False,
    ]


def test_a_segment_does_not_vote_for_itself() -> None:
    assert agreeing_segments(at_angles(0, 0, 90), similarity=0.75, share=0.5).tolist() == [False, False, False]
    assert agreeing_segments(at_angles(0, 0, 90), similarity=0.75, share=0.4).tolist() == [True, True, False]


def test_a_segment_that_counts_itself_needs_half_of_all() -> None:
    def kept(*degrees: float) -> list[bool]:
        embeddings = at_angles(*degrees)
        found: list[bool] = agreeing_segments(embeddings, similarity=0.75, share=0.5, counts_itself=True).tolist()
        return found

    assert kept(0, 0, 90) == [True, True, False]  # two of three, one of three
    assert kept(0, 0, 90, 90) == [True] * 4  # two of four are half
    assert kept(0, 0, 90, 180) == [True, True, False, False]


@pytest.mark.parametrize("degrees", [(), (0,), (0, 180)])
def test_up_to_two_segments_are_all_kept(degrees: tuple[float, ...]) -> None:
    assert agreeing_segments(at_angles(*degrees), similarity=0.75, share=0.5).tolist() == [True] * len(degrees)


def test_it_is_the_reference() -> None:
    for n in (3, 4, 9):
        captions = [torch.randn(int(torch.randint(1, 5, ())), 3, dtype=torch.float64) for _ in range(n)]
        embedded = torch.stack(
            [caption_embedding(each, lambda f: functional.normalize(f[:, 0], dim=-1)) for each in captions]
        )
        for share, similarity in ((0.5, 0.0), (0.3, 0.4), (0.0, 0.75)):
            ours = agreeing_segments(embedded, similarity=similarity, share=share).tolist()
            assert ours == reference.keep_regions(captions, share, similarity)


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
