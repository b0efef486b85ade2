from pathlib import Path

import torch

from zsar.api.extraction.feature_extraction import FeatureExtraction
from zsar.api.extraction.loaded_backbone import load_backbone
from zsar.datamodules.video_files.streaming import FrameStride


def test_the_model_is_frozen_and_fed_as_asked(tiny_weights: Path) -> None:
    settings = FeatureExtraction(
        architecture="tiny-clip",
        weights=str(tiny_weights),
        stride=FrameStride(),
        geometry="squash",
        batch_size=4,
        n_workers=0,
        dtype="fp16",
        frame_statistics="half",
    )
    backbone = load_backbone(settings, "cpu")
    assert not backbone.training
    assert not any(parameter.requires_grad for parameter in backbone.parameters())
    assert torch.equal(backbone.frame_mean.flatten(), torch.full((3,), 0.5))
