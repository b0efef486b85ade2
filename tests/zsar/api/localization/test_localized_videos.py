"""Videos are searched as they are decoded; a video that fails stops no other."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from zsar.api.extraction.extraction import FramesDone
from zsar.api.localization import localized_videos
from zsar.api.localization.frames_with_times import FramesWithTimes
from zsar.api.localization.localization import Localization
from zsar.api.localization.localized_videos import SearchedVideo, failed, localized, localized_frames
from zsar.api.localization.localizers import ready_localizer
from zsar.api.localization.method_settings import MethodSettings
from zsar.api.localization.search import Search, feature_extraction
from zsar.datamodules.class_text.templates import fill_templates
from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.datamodules.video_files.writing.encoding import write_video
from zsar.lightning_modules.localization.stored.feature_files import FeatureFileError
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.training.finite_numbers import NotFiniteError


@pytest.fixture
def search(tiny_weights: Path) -> Search:
    return searching(tiny_weights, FrameStride(frames=None, seconds=0.25))


def searching(tiny_weights: Path, stride: FrameStride) -> Search:
    ready = ready_localizer(ClipSettings("tiny-clip", str(tiny_weights)), "t3al", MethodSettings(steps=2))
    how = {"geometry": "squash", "batch_size": 5, "n_workers": 0, "on_damage": "raise"}
    features = feature_extraction(ready, stride=stride, **how)  # type: ignore[arg-type] # one of each type
    return Search(ready=ready, text=fill_templates("classify", ["white", "red"], "{}"), features=features)


@pytest.fixture
def videos(tmp_path: Path) -> list[SearchedVideo]:
    """Two of four seconds, and a broken one between them."""
    made = []
    for number, name in enumerate(("a", "b", "c")):
        frames = np.zeros((40, 32, 40, 3), np.uint8)
        frames[10 + 5 * number : 25] = 250
        write_video(tmp_path / f"{name}.mp4", frames, frames_per_second=10)
        made.append(SearchedVideo(name, tmp_path / f"{name}.mp4", tmp_path / "features" / f"{name}.safetensors"))
    made[1].path.write_bytes(b"broken")
    return made


def answers(search: Search, videos: list[SearchedVideo]) -> dict[int, Localization]:
    return dict(report for report in localized(search, videos) if not isinstance(report, FramesDone))


def same(a: Localization, b: Localization) -> bool:
    plain, other = a.to_dict(), b.to_dict()
    return plain == other


def test_each_video_has_an_answer_and_the_broken_one_an_error(search: Search, videos: list[SearchedVideo]) -> None:
    done = answers(search, videos)
    assert sorted(done) == [0, 1, 2]
    assert done[1].error == f"{videos[1].path}: Invalid data found when processing input (while opening it)"
    for row in (0, 2):
        assert done[row].error is None
        assert (done[row].name, done[row].path) == (videos[row].name, str(videos[row].path))
        assert (done[row].fps, done[row].duration_seconds, len(done[row].times_seconds)) == (10.0, 4.0, 16)
        assert len(done[row].curves[0].scores) == 16
        assert done[row].pseudo_labels in (("white",), ("red",))
        assert done[row].settings["settings"]["method"] == "t3al"
        assert done[row].settings["settings"]["tuning"]["window_frames"] == 3  # 0.67 s


def test_stored_features_give_the_same_and_are_searched_first(
    search: Search, videos: list[SearchedVideo], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = answers(search, videos)
    videos[0].features.unlink()
    done = [report for report in localized(search, videos) if not isinstance(report, FramesDone)]
    assert next(row for row, _ in done) == 2
    for row, answer in done:
        assert same(answer, before[row])


def test_one_file_given_twice_is_decoded_once(search: Search, videos: list[SearchedVideo]) -> None:
    reports = list(localized(search, [videos[0], videos[0]]))
    assert sum(report.n for report in reports if isinstance(report, FramesDone)) == 16
    first, second = (report[1] for report in reports if not isinstance(report, FramesDone))
    assert same(first, second)


def test_features_of_other_frames_are_an_error_before_any_work(
    search: Search, videos: list[SearchedVideo], tiny_weights: Path
) -> None:
    answers(search, videos[:1])
    other = searching(tiny_weights, FrameStride())
    with pytest.raises(FeatureFileError, match=r"stride is .* \(or give another --features folder, or none\)"):
        next(localized(other, [videos[2], videos[0]]))
    assert not videos[2].features.exists()


def test_frames_in_memory_are_found_as_those_of_the_file(search: Search, videos: list[SearchedVideo]) -> None:
    with VideoReader(videos[0].path) as reader:
        frames = reader.frames_at_indices(list(range(40)))
    from_file = answers(search, [SearchedVideo("frames", *(videos[0].path, videos[0].features))])[0].to_dict()
    in_memory = localized_frames(search, FramesWithTimes(frames, 10.0)).to_dict()
    assert in_memory.pop("path") is None
    del from_file["path"]
    assert in_memory == from_file


def test_scores_that_are_not_numbers_are_a_problem_of_their_video(
    search: Search, videos: list[SearchedVideo], monkeypatch: pytest.MonkeyPatch
) -> None:
    def checking(name: str, found: Any) -> None:
        if name == "a":
            raise NotFiniteError("scores of a are not finite")

    monkeypatch.setattr(localized_videos, "check_localizations", checking)
    done = answers(search, videos)
    assert done[0].error == f"{videos[0].path}: scores of a are not finite"
    assert done[2].error is None


def test_a_path_is_named_once() -> None:
    assert failed("v", "v.mp4", "v.mp4: broken").error == failed("v", "v.mp4", "broken").error == "v.mp4: broken"
    assert failed("frames", None, "broken").error == "broken"
    assert torch.equal(failed("v", "v.mp4", "broken").times_seconds, torch.zeros(0, dtype=torch.float64))
