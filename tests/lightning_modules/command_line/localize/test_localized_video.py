import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from zsar.lightning_modules.command_line.localize.localized_video import LocalizedVideo, described
from zsar.lightning_modules.localization.contract import Detection, Localization, ScoreCurve
from zsar.lightning_modules.localization.segments import Segment

FIRST, SECOND = (Detection(Segment(s, s + 1.0, 2 * int(s), 2 * int(s) + 1, 0.5), label=0) for s in (1.0, 3.0))


@pytest.fixture
def video() -> LocalizedVideo:
    """Five seconds, looked at twice a second; the first frame is shown at 0.1 s."""
    curve = ScoreCurve(0, torch.linspace(0, 1, 10), 0.25)
    return LocalizedVideo(
        id="v",
        path=Path("v.mp4"),
        fps=25.0,
        duration_seconds=5.1,
        times_seconds=0.1 + torch.arange(10, dtype=torch.float64) / 2,
        class_names=("surfing",),
        localization=Localization((SECOND,), (FIRST,), (curve,)),
        pseudo_labels=None,
        annotated=None,
        settings={"settings": {"suppression": None}},
    )


def test_segments_are_in_temporal_order_whether_suppressed_or_not(video: LocalizedVideo) -> None:
    assert video.found == [(FIRST, True), (SECOND, False)]
    assert video.start_seconds == pytest.approx(0.1)


def test_the_description_can_be_written_and_holds_the_scores_that_segments_come_from(video: LocalizedVideo) -> None:
    content = json.loads(json.dumps(described(video)))
    assert content["scores"]["times_seconds"] == [round(0.1 + i / 2, 4) for i in range(10)]
    (curve,) = content["scores"]["classes"]
    assert (curve["class"], curve["threshold"]) == ("surfing", 0.25)
    assert curve["scores"] == pytest.approx([i / 9 for i in range(10)], abs=1e-6)


def test_captions_are_lacking_where_two_segments_could_have_been_compared(video: LocalizedVideo) -> None:
    both = replace(video, localization=Localization((FIRST, SECOND)))
    assert not video.lacks_captions
    assert both.lacks_captions
    assert not replace(both, settings={"settings": {"suppression": {"similarity": 0.75}}}).lacks_captions
    assert not replace(both, settings={"settings": {"method": "frame-wise"}}).lacks_captions
