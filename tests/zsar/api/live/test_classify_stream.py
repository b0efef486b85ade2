"""`zsar.classify_stream`: the answers of `zsar.classify` for each window, as a source plays."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import zsar
from tests.makers.videos.live_sources import RATE, growing, served, write_stream
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.runtime.files.video_errors import VideoDecodeError

NAMES = ["surfing", "diving", "running"]


@pytest.fixture
def stream(model: ActionRecognizer) -> Callable[..., zsar.LiveAnswers]:
    def answers(source: str | Path, **settings: Any) -> zsar.LiveAnswers:
        given = {"window_seconds": 1.0, "hop_seconds": 0.5, "frames": 4} | settings
        return zsar.classify_stream(source, NAMES, model=model, **given)

    return answers


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "ts"])
def test_a_window_of_a_file_has_the_probabilities_of_that_clip(
    suffix: str, stream: Callable[..., zsar.LiveAnswers], model: ActionRecognizer, tmp_path: Path
) -> None:
    path = write_stream(tmp_path / f"a.{suffix}", 54)
    answers = list(stream(path, real_time=False))
    assert [round(answer.time_seconds * RATE) for answer in answers] == [19, 29, 39, 49, 53]
    for answer in answers:
        last = round(answer.time_seconds * RATE)
        clip = zsar.read_frames(path, indices=list(range(last - RATE + 1, last + 1)))
        expected = zsar.classify(clip, NAMES, model=model, frames=4)
        assert answer.answer == expected.answer
        assert dict(answer.ranked) == pytest.approx(dict(expected.ranked), abs=1e-5)
        assert answer.probability == answer.ranked[0][1]


@pytest.mark.slow
def test_a_whole_file_as_a_window_has_the_answer_of_classify_for_real_clips(
    model: ActionRecognizer, shared_clips: Path
) -> None:
    names = ["arm wrestling", "flipping a pancake", "eye makeup"]
    for name in ("arm_wrestling.mp4", "flipping_a_pancake.mkv", "apply_eye_makeup.avi", "av1_360p.mkv"):
        whole = zsar.classify_stream(shared_clips / name, names, model=model, window_seconds=15, real_time=False)
        (answer,) = whole
        assert dict(answer.ranked) == pytest.approx(
            dict(zsar.classify(shared_clips / name, names, model=model).ranked), abs=1e-5
        )


@pytest.mark.slow
def test_a_file_is_played_in_real_time(stream: Callable[..., zsar.LiveAnswers], tmp_path: Path) -> None:
    with stream(write_stream(tmp_path / "a.mp4", 36)) as answers:
        begin = time.monotonic()
        found = list(answers)
        assert time.monotonic() - begin > 1.5
        assert answers.ending == "the source ended"
        assert answers.seconds == pytest.approx(35 / RATE)
    assert len(found) >= 2
    assert all(0 < answer.delay_seconds < 1 for answer in found)


@pytest.mark.slow
def test_a_growing_file_is_followed(stream: Callable[..., zsar.LiveAnswers], tmp_path: Path) -> None:
    data = write_stream(tmp_path / "a.ts", 60).read_bytes()
    with growing(tmp_path / "b.ts", data, seconds=1) as path:
        answers = stream(path, follow=True, timeout_seconds=0.8)
        assert list(answers)[-1].time_seconds > 2
    assert answers.ending == "no frame came for 0.8 seconds"


def test_the_threshold_answers_none_of_these(stream: Callable[..., zsar.LiveAnswers], tmp_path: Path) -> None:
    path = write_stream(tmp_path / "a.mp4", 20)
    (answer,) = stream(path, threshold=1.0, real_time=False)
    assert answer.answer == "none of these"
    assert 0 < answer.probability < 1
    assert json.loads(json.dumps(answer.to_dict()))["answer"] == "none of these"


def test_a_source_that_is_not_there_or_no_video_is_an_error(
    stream: Callable[..., zsar.LiveAnswers], tmp_path: Path
) -> None:
    with pytest.raises(VideoDecodeError, match="nothing.mp4: No such file"):
        stream(tmp_path / "nothing.mp4")
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(VideoDecodeError, match="text.mp4"):
        next(stream(tmp_path / "text.mp4"))


def test_a_source_that_breaks_off_is_an_error(stream: Callable[..., zsar.LiveAnswers], tmp_path: Path) -> None:
    data = write_stream(tmp_path / "a.ts", 60).read_bytes()
    with (
        served(data, "reset") as address,
        stream(address) as answers,
        pytest.raises(VideoDecodeError, match="the connection was lost"),
    ):
        list(answers)


def test_a_model_whose_scores_are_not_finite_has_no_answer(
    stream: Callable[..., zsar.LiveAnswers], model: ActionRecognizer, tmp_path: Path
) -> None:
    model.backbone.clip.logit_scale.data.fill_(float("nan"))
    with pytest.raises(ValueError, match="NaN or infinite"):
        next(stream(write_stream(tmp_path / "a.mp4", 20), real_time=False))


@pytest.mark.parametrize("name", ["window_seconds", "hop_seconds", "timeout_seconds"])
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_times_must_be_positive(name: str, value: float, stream: Callable[..., zsar.LiveAnswers]) -> None:
    with pytest.raises(ValueError, match=f"{name} must be more than 0"):
        stream("a.mp4", **{name: value})


def test_other_values_are_checked_too(stream: Callable[..., zsar.LiveAnswers], tmp_path: Path) -> None:
    path = write_stream(tmp_path / "a.mp4", 6)
    with pytest.raises(ValueError, match="threshold is a probability"):
        stream(path, threshold=2)
    with pytest.raises(ValueError, match="frames must be at least 1"):
        stream(path, frames=0)
    with pytest.raises(ValueError, match="frames must be at most 4,096; got 1000000000"):
        stream(path, frames=10**9)
    with pytest.raises(ValueError, match="at least 2 class names"):
        zsar.classify_stream(path, ["surfing"])


def test_answers_that_are_dropped_end_their_thread(stream: Callable[..., zsar.LiveAnswers], tmp_path: Path) -> None:
    path = write_stream(tmp_path / "a.ts", 40)
    answers = stream(path, follow=True, timeout_seconds=60)
    next(answers)
    thread = answers._windows._thread
    del answers
    thread.join(2)
    assert not thread.is_alive()
