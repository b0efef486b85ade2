"""The model of an extraction, loaded once for all videos."""

from __future__ import annotations

from zsar.api.extraction.extraction import Extraction
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone


def load_backbone(extraction: Extraction, device: str) -> OpenClipBackbone:
    """The model, frozen and in evaluation mode.

    Raises:
        BackboneError: It cannot be built, or cannot do what is asked.
    """
    backbone = OpenClipBackbone(
        extraction.architecture, extraction.weights, frame_statistics=extraction.frame_statistics
    )
    backbone.eval().requires_grad_(False)
    extraction.check_model(backbone)
    assert backbone.weights_hash  # computed and cached before the weights move to the device
    return backbone.to(device)
