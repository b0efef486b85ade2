"""A tiny CoCa, untrained, of which different frames have different captions."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from open_clip import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD

from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone

CONTEXT_LENGTH = 12
_TEXT = {"context_length": CONTEXT_LENGTH, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1}
_VISION = {
    "image_size": 32,
    "layers": 1,
    "width": 48,
    "head_width": 16,
    "patch_size": 16,
    "attentional_pool": True,
    "attn_pooler_queries": 5,
    "attn_pooler_heads": 2,
    "output_tokens": True,
}


def tiny_captioner(folder: Path) -> tuple[str, str, OpenClipBackbone]:
    """Writes the model into a folder.

    Args:
        folder: Where its config and its weights go.

    Returns:
        Its architecture and weights, as `OpenClipBackbone` takes them, and the model.
    """
    config, weights = folder / "tiny-captioner.json", folder / "tiny-captioner.pt"
    text = {**_TEXT, "embed_cls": True, "output_tokens": True}
    content = {"embed_dim": 32, "vision_cfg": _VISION, "text_cfg": text, "multimodal_cfg": _TEXT, "custom_text": True}
    content["preprocess_cfg"] = {"mean": OPENAI_DATASET_MEAN, "std": OPENAI_DATASET_STD}
    config.write_text(json.dumps(content))
    torch.manual_seed(2)
    backbone = OpenClipBackbone(str(config), "random").eval()
    with torch.no_grad():
        backbone.clip.text_decoder.text_projection.normal_()  # far apart, so that rounding decides no word
        backbone.clip.text_decoder.text_projection[:, 49407].mul_(8)  # so that some captions end early
        # Frames, and words that were said before, must count for something.
        for layer in backbone.clip.text_decoder.cross_attn:
            layer.attn.in_proj_weight.mul_(20)
            layer.attn.out_proj.weight.mul_(20)
        backbone.clip.visual.attn_pool.query.mul_(20)
        backbone.clip.visual.attn_pool.attn.out_proj.weight.mul_(20)
    torch.save(backbone.clip.state_dict(), weights)
    return str(config), str(weights), OpenClipBackbone(str(config), str(weights)).eval()
