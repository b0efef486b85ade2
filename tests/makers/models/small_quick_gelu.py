"""A small CLIP like OpenAI's, in which each weight is felt, and BIKE's head under its authors' names."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor, nn

N_VISUAL_HEADS = 4
N_TEXT_HEADS = 2  # width 128 / 64, and so the heads of BIKE's video head
_CONFIG = {
    "embed_dim": 32,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 32, "layers": 3, "width": 64, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 14, "vocab_size": 49408, "width": 128, "heads": N_TEXT_HEADS, "layers": 2},
}
_OF_LAYER = {
    "attn.in_proj_weight": "self_attn.in_proj_weight",
    "attn.in_proj_bias": "self_attn.in_proj_bias",
    "attn.out_proj.": "self_attn.out_proj.",
    "ln_1.": "norm1.",
    "ln_2.": "norm2.",
    "mlp.c_fc.": "linear1.",
    "mlp.c_proj.": "linear2.",
}


def quick_gelu_config(folder: Path) -> str:
    """Writes the config of the model: two text heads of width 64, 14 positions, four patches."""
    path = folder / "small-quick-gelu.json"
    path.write_text(json.dumps(_CONFIG))
    return str(path)


def stir(module: nn.Module) -> None:
    """Moves all weights from their start, so that each layer, bias and position is felt."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if "logit_scale" not in name:
                parameter.add_(0.1 * torch.randn_like(parameter))


def authors_head(n_positions: int, width: int, n_layers: int = 6) -> dict[str, Tensor]:
    """Random weights of BIKE's head as `fusion_model_state_dict` names them (`bike.md`, section 10)."""
    shapes: dict[str, tuple[int, ...]] = {"frame_position_embeddings.weight": (n_positions, width)}
    for i in range(n_layers):
        layer = f"transformer.resblocks.{i}"
        shapes[f"{layer}.attn.in_proj_weight"], shapes[f"{layer}.attn.in_proj_bias"] = (3 * width, width), (3 * width,)
        for name, (rows, columns) in {
            "attn.out_proj": (width, width),
            "mlp.c_fc": (4 * width, width),
            "mlp.c_proj": (width, 4 * width),
        }.items():
            shapes[f"{layer}.{name}.weight"], shapes[f"{layer}.{name}.bias"] = (rows, columns), (rows,)
        for name in ("ln_1.weight", "ln_1.bias", "ln_2.weight", "ln_2.bias"):
            shapes[f"{layer}.{name}"] = (width,)
    state = {name: shape[-1] ** -0.5 * torch.randn(shape) for name, shape in shapes.items()}
    return {
        name: 1 + value if name.endswith(("ln_1.weight", "ln_2.weight")) else value for name, value in state.items()
    }


def our_head_names(authors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors under the names of our `VideoHead`."""
    ours = {}
    for name, tensor in authors.items():
        renamed = name.replace("frame_position_embeddings.weight", "positions").replace(
            "transformer.resblocks", "layers"
        )
        for theirs, own in _OF_LAYER.items():
            renamed = renamed.replace(f".{theirs}", f".{own}")
        ours[renamed] = tensor
    return ours
