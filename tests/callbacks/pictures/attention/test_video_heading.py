import torch

from zsar.callbacks.pictures.attention.video_heading import VideoHeading
from zsar.callbacks.pictures.tested_videos import TestedSet
from zsar.datamodules.batch import ClassText

TEXT = ClassText("novel", ("run", "swim"), (("run",), ("swim",)), "test")


def heading(label: int, *, n_views: int = 1, n_frames: int = 8) -> VideoHeading:
    columns = (torch.tensor([3]), torch.tensor([label]), torch.tensor([[0.25, 0.75]]), torch.tensor([False]))
    return VideoHeading(TestedSet(TEXT, 0, *columns), 0, "a/b.mp4", n_views=n_views, n_frames=n_frames)


def test_right_and_wrong_are_told_by_a_mark() -> None:
    assert heading(1).marked == "✓ swim (0.75)"
    assert heading(0).marked == "✗ true: run, predicted: swim (0.75)"
    assert heading(-1).marked == "predicted: swim (0.75)"


def test_titles_name_the_video_and_both_classes() -> None:
    assert heading(1).title == heading(-1).title == "a/b.mp4: swim"
    assert heading(0).title == "a/b.mp4: run, predicted swim"


def test_the_line_says_which_frames_are_shown() -> None:
    assert heading(1).line == "novel: a/b.mp4 (8 frames)"
    assert heading(1, n_views=3, n_frames=1).line == "novel: a/b.mp4 (view 1 of 3, 1 frame)"


def test_numbers_for_json() -> None:
    assert heading(0).numbers == {
        "true": "run",
        "predicted": "swim",
        "probability": 0.75,
        "correct": False,
        "n_views": 1,
        "n_frames_per_view": 8,
    }
    assert heading(-1).numbers["true"] is None
