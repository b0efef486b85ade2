from dataclasses import fields

import pytest
import torch

from zsar.lightning_modules.localization.stored.frame_record import FrameRecord, frames_for, frames_of_any_model
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone


@pytest.fixture(scope="module")
def backbone() -> OpenClipBackbone:
    return OpenClipBackbone("tiny-clip", "random")


def test_the_record_states_what_frames_of_this_model_are(backbone: OpenClipBackbone) -> None:
    assert frames_for(backbone, "crop") == FrameRecord(
        geometry="crop",
        resize_filter="bicubic",
        image_size=32,
        frame_mean="0.481455 0.457828 0.408211",  # CLIP's
        frame_std="0.26863 0.261303 0.275777",
        time_origin="player's clock",
    )


def test_other_statistics_are_another_record(backbone: OpenClipBackbone) -> None:
    ours, before = frames_for(backbone, "crop"), backbone.frame_mean
    backbone.frame_mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    theirs = frames_for(backbone, "crop")
    backbone.frame_mean = before
    assert theirs.frame_mean == "0.485 0.456 0.406" != ours.frame_mean


def test_what_any_model_shares_are_fields_of_the_record(backbone: OpenClipBackbone) -> None:
    record = frames_for(backbone, "squash")
    shared = frames_of_any_model("squash")
    assert shared == {name: getattr(record, name) for name in shared}
    left = {field.name for field in fields(FrameRecord)} - set(shared)
    assert left == {"image_size", "resize_filter", "frame_mean", "frame_std"}


def test_the_filter_and_the_statistics_are_the_models() -> None:
    record = frames_for(OpenClipBackbone("tiny-pe", "random"), "squash")
    assert (record.resize_filter, record.frame_mean, record.frame_std) == ("bilinear", "0.5 0.5 0.5", "0.5 0.5 0.5")
