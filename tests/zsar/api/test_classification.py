from pathlib import Path

import pytest
import torch

import zsar
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.runtime.files.video_errors import VideoDecodeError

COLOURS = ["red", "green", "blue"]


def test_one_video_gives_one_answer_and_a_list_gives_a_list(model: ActionRecognizer, video_tree: Path) -> None:
    video = video_tree / "red dance" / "0.mp4"
    one = zsar.classify(video, COLOURS, model=model)
    assert sum(p for _, p in one.ranked) == pytest.approx(1, abs=1e-5)
    assert one.path == str(video)
    assert zsar.classify([video], COLOURS, model=model) == [one]
    assert zsar.classify([], COLOURS, model=model) == []


@pytest.mark.parametrize("n_workers", [0, 2])
def test_batches_and_workers_do_not_change_an_answer(model: ActionRecognizer, video_tree: Path, n_workers: int) -> None:
    videos = sorted(video_tree.rglob("*.mp4"))[:7]
    alone = [zsar.classify(video, COLOURS, model=model, clips=2) for video in videos]
    together = zsar.classify(videos, COLOURS, model=model, clips=2, batch_size=3, n_workers=n_workers)
    assert [answer.path for answer in together] == [str(video) for video in videos]
    for a, b in zip(alone, together, strict=True):
        torch.testing.assert_close(dict(a.ranked), dict(b.ranked), atol=1e-5, rtol=0)


def test_given_frames_are_answered_as_their_video(model: ActionRecognizer, video_tree: Path) -> None:
    video = video_tree / "red dance" / "0.mp4"
    n_frames = 12
    frames = zsar.read_frames(video, indices=range(n_frames))
    with pytest.raises(IndexError):
        zsar.read_frames(video, indices=[n_frames])
    by_frames = zsar.classify(frames, COLOURS, model=model)
    assert by_frames.path is None
    torch.testing.assert_close(dict(by_frames.ranked), dict(zsar.classify(video, COLOURS, model=model).ranked))


def test_a_broken_video_raises_alone_and_is_reported_in_a_list(model: ActionRecognizer, video_tree: Path) -> None:
    broken = video_tree / "red dance" / "0.mp4"
    broken.write_bytes(b"no video")
    with pytest.raises(VideoDecodeError, match=r"0\.mp4"):
        zsar.classify(broken, COLOURS, model=model)
    first, second = zsar.classify([broken, video_tree / "red dance" / "1.mp4"], COLOURS, model=model)
    assert (first.answer, first.ranked) == (None, ())
    assert "0.mp4" in str(first.error)
    assert second.error is None


def test_prompts_may_be_given_for_each_name(model: ActionRecognizer, video_tree: Path) -> None:
    video = video_tree / "red dance" / "0.mp4"
    prompts = {"red": ["a red thing", "red"], "blue": ["a blue thing", "blue"]}
    assert {name for name, _ in zsar.classify(video, prompts, model=model).ranked} == {"red", "blue"}
    named = zsar.classify(video, ["red", "blue"], model=model)
    assert zsar.classify(video, {name: f"a video of {name}." for name in ("red", "blue")}, model=model) == named


def test_progress_is_reported(model: ActionRecognizer, video_tree: Path) -> None:
    steps: list[tuple[int, int]] = []
    videos = sorted(video_tree.rglob("*.mp4"))[:2]
    zsar.classify(videos, COLOURS, model=model, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"threshold": 2}, "threshold is a probability, from 0 to 1; got 2"),
        ({"clips": 0}, "clips must be at least 1; got 0"),
        ({"batch_size": 0}, "batch_size must be at least 1; got 0"),
        ({"n_workers": -1}, "n_workers must be at least 0; got -1"),
        ({"precision": "fp8"}, "precision must be"),
        ({"precision": "fp16"}, "precision 'fp16' needs a GPU"),
        ({"frames": 0}, "frames must be at least 1; got 0"),
        ({"frames": 0, "adaptation": "tpt"}, "frames must be at least 1; got 0"),
        ({"seed": -1, "adaptation": "tpt"}, "seed must be a whole number from 0 to 4,294,967,295; got -1"),
        ({"seed": 1.5, "adaptation": "tpt"}, "seed must be a whole number from 0 to 4,294,967,295; got 1.5"),
    ],
)
def test_values_have_limits(model: ActionRecognizer, settings: dict[str, object], message: str) -> None:
    frames = torch.zeros(8, 3, 32, 32, dtype=torch.uint8)
    with pytest.raises(ValueError, match=message):
        zsar.classify(frames, COLOURS, model=model, **settings)


def test_bf16_gives_nearly_the_same(model: ActionRecognizer, video_tree: Path) -> None:
    video = video_tree / "red dance" / "0.mp4"
    exact, rounded = (dict(zsar.classify(video, COLOURS, model=model, precision=p).ranked) for p in ("fp32", "bf16"))
    assert exact != rounded
    torch.testing.assert_close(exact, rounded, atol=0.1, rtol=0)
