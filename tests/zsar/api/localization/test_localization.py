"""`Localization`: its order, its JSON, and what `draw` reads of it."""

import json
from dataclasses import replace

import pytest
import torch

import zsar
from zsar.api.drawing.draw import Found
from zsar.api.localization.localization import Curve
from zsar.datamodules.lists.localization_splits import Instance

FIRST = zsar.Segment(1.0, 2.0, "surfing", 0.5)
SECOND = zsar.Segment(3.0, 4.0, "surfing", 0.5)


@pytest.fixture
def video() -> zsar.Localization:
    """Five seconds, looked at twice a second; the first frame is shown at 0.1 s."""
    return zsar.Localization(
        path="v.mp4",
        duration_seconds=5.1,
        fps=25.0,
        segments=(SECOND,),
        suppressed=(FIRST,),
        curves=(Curve("surfing", torch.linspace(0, 1, 10), 0.25),),
        settings={"settings": {"suppression": None}},
        times_seconds=0.1 + torch.arange(10, dtype=torch.float64) / 2,
        class_names=("surfing",),
        name="v",
    )


def test_segments_are_in_temporal_order_whether_suppressed_or_not(video: zsar.Localization) -> None:
    assert video.found == [(FIRST, True), (SECOND, False)]
    assert video.start_seconds == pytest.approx(0.1)


def test_the_description_can_be_written_and_holds_the_scores_that_segments_come_from(video: zsar.Localization) -> None:
    content = json.loads(json.dumps(video.to_dict()))
    assert content["scores"]["times_seconds"] == [round(0.1 + i / 2, 4) for i in range(10)]
    (curve,) = content["scores"]["classes"]
    assert (curve["class"], curve["threshold"]) == ("surfing", 0.25)
    assert curve["scores"] == pytest.approx([i / 9 for i in range(10)], abs=1e-6)
    assert [(segment["start_seconds"], segment["suppressed"]) for segment in content["segments"]] == [
        (1.0, True),
        (3.0, False),
    ]
    assert content["annotated"] is None
    assert content["error"] is None


def test_the_ground_truth_is_described_if_it_is_known(video: zsar.Localization) -> None:
    known = replace(video, annotated=(Instance("surfing", 1.0, 2.5),))
    assert known.to_dict()["annotated"] == [{"start_seconds": 1.0, "end_seconds": 2.5, "class": "surfing"}]


def test_a_video_without_an_answer_has_its_error(video: zsar.Localization) -> None:
    failed = zsar.Localization("v.mp4", 0.0, 0.0, (), (), {}, "v.mp4: broken", name="v")
    assert failed.to_dict() == {"video": "v", "path": "v.mp4", "error": "v.mp4: broken"}
    assert failed.found == []
    assert failed.start_seconds == 0


def test_captions_are_lacking_where_two_segments_could_have_been_compared(video: zsar.Localization) -> None:
    both = replace(video, segments=(FIRST, SECOND), suppressed=())
    assert not video.lacks_captions
    assert both.lacks_captions
    assert not replace(both, settings={"settings": {"suppression": {"similarity": 0.75}}}).lacks_captions
    assert not replace(both, settings={"settings": {"method": "frame-wise"}}).lacks_captions


def test_draw_takes_it_as_a_localization(video: zsar.Localization) -> None:
    assert isinstance(video, Found)
