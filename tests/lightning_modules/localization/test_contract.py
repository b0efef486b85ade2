import torch
from torch.testing import assert_close

from zsar.lightning_modules.localization.contract import Detection, UntrimmedFeatures, sort_by_start
from zsar.lightning_modules.localization.segments import Segment


def test_a_frame_stands_for_the_video_until_the_next_one_or_the_end() -> None:
    times = torch.tensor([0.0, 0.5, 2.0], dtype=torch.float64)
    video = UntrimmedFeatures("v", torch.zeros(3, 4), times, duration_seconds=2.25)
    assert_close(video.frame_seconds, torch.tensor([0.5, 1.5, 0.25], dtype=torch.float64))


def test_detections_are_sorted_by_start_then_end_then_class() -> None:
    def at(start: float, end: float, label: int) -> Detection:
        return Detection(Segment(start, end, 0, 0, 1.0), label)

    mixed = [at(2, 3, 0), at(1, 4, 1), at(1, 4, 0), at(1, 2, 5)]
    assert sort_by_start(mixed) == (at(1, 2, 5), at(1, 4, 0), at(1, 4, 1), at(2, 3, 0))
