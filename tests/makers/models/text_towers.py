"""Tiny CLIP models with a text tower of each kind that open_clip builds, with the tokenizer of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import torch

from tests.makers.models.tiny_tokenizers import KINDS, model_config, stated_config, tokenizer_folder
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone

_SEES_ALL = {"no_causal_mask": True}
_COCA = {"embed_cls": True}
OWN: Mapping[str, Mapping[str, Any]] = {
    "clip": {"vocab_size": 49408},
    "mobileclip_s": {"vocab_size": 49408, **_SEES_ALL},
    "first": {"vocab_size": 49408, **_SEES_ALL, "pool_type": "first"},
    "last": {"vocab_size": 49408, "pool_type": "last"},
    "siglip": {**_SEES_ALL, "pool_type": "last", "proj_bias": True, "norm_kwargs": {"eps": 1e-6}},
    "siglip2": {**_SEES_ALL, "pool_type": "last", "proj_type": "none", "width": 16},
    "clipa": {**_SEES_ALL, "pool_type": "last"},
    "xlm_v": {"pool_type": "eos", "eos_id": 2},
    "mt5": {"pool_type": "eos", "eos_id": 1},
    "coca": {"vocab_size": 49408, **_COCA},
    "coca_corrected": {"vocab_size": 49408, **_COCA},
    "padding_masked": {"vocab_size": 49408, **_SEES_ALL},
    "padding_masked_last": {"vocab_size": 49408, **_SEES_ALL, "pool_type": "last"},
}
"""Kind -> `text_cfg` of a transformer of open_clip's own."""
OF_TRANSFORMERS = ("roberta", "xlm_roberta", "mt5_encoder", "m2m_100")
"""Kinds of text towers of the package transformers."""
WITH_OWN_BLOCKS = tuple(OWN)
ALL = (*OWN, *OF_TRANSFORMERS)
_TOKENIZER = {"xlm_roberta": "xlm_v", "mt5_encoder": "mt5", "m2m_100": "nllb"}
_POOLER = {"m2m_100": "cls_pooler"}


def text_backbone(folder: Path, kind: str, **changes: Any) -> OpenClipBackbone:
    """A tiny model with random weights, in evaluation mode.

    Args:
        folder: Where its config, its tokenizer and the config of its text tower are written.
        kind: One of `ALL`.
        **changes: Settings of `text_cfg` that differ.
    """
    stated: dict[str, Any] = {**OWN.get(kind, {}), **changes}
    tokenizer = None
    if kind in OF_TRANSFORMERS:
        tokenizer = tokenizer_folder(folder, _TOKENIZER.get(kind, kind))
        _config_of_transformers(kind).save_pretrained(tokenizer)
        stated = {"hf_model_name": str(tokenizer), "hf_pooler_type": _POOLER.get(kind, "mean_pooler"), **stated}
        stated = {"hf_proj_type": "linear", **stated}
    elif kind in KINDS:
        tokenizer = tokenizer_folder(folder, kind)
        stated = {**{k: v for k, v in stated_config(kind).items() if k == "tokenizer_kwargs"}, **stated}
    torch.manual_seed(0)
    config = folder / f"{kind}_{uuid4().hex[:8]}.json"  # open_clip keeps one config of a name
    backbone = OpenClipBackbone(str(model_config(config, tokenizer=tokenizer, **stated)), "random")
    if kind == "coca_corrected":
        backbone.clip.text.correct_cls_mask = True
    if kind.startswith("padding_masked"):
        backbone.clip.text.use_pad_mask = True
    for parameter in backbone.clip.parameters():  # so that each position, mask and bias is felt
        if parameter.ndim == 1 or (parameter.ndim == 2 and parameter.std() < 0.1):
            parameter.data += 0.3 * torch.randn_like(parameter)
    backbone.requires_grad_(False)
    return backbone.eval()


def _config_of_transformers(kind: str) -> Any:
    from transformers import M2M100Config, MT5Config, RobertaConfig, XLMRobertaConfig

    sizes = {"vocab_size": 600, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    of_encoder = {"intermediate_size": 64, "max_position_embeddings": 64, "pad_token_id": 1}
    if kind == "roberta":
        return RobertaConfig(**sizes, **of_encoder)
    if kind == "xlm_roberta":
        return XLMRobertaConfig(**sizes, **of_encoder)
    if kind == "mt5_encoder":
        return MT5Config(vocab_size=600, d_model=32, d_ff=64, d_kv=16, num_layers=2, num_heads=2, pad_token_id=0)
    layers = {f"{part}_{what}": 2 for part in ("encoder", "decoder") for what in ("layers", "attention_heads")}
    widths = {f"{part}_ffn_dim": 64 for part in ("encoder", "decoder")}
    return M2M100Config(vocab_size=600, d_model=32, pad_token_id=1, max_position_embeddings=64, **layers, **widths)
