"""Checkpoints as the authors of BIKE, T2L, ViFi-CLIP and Open-VCLIP name their tensors, made of our small models."""

from pathlib import Path
from typing import Any

import torch

from zsar.lightning_modules.bike import BIKE
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.t2l import T2L

State = dict[str, torch.Tensor]
VIFI_PROMPTS = "module.prompt_learner.complete_text_embeddings"


def as_t2l_state(model: T2L) -> State:
    """The model's tensors under the names of T2L's authors."""
    state = dict(model.backbone.clip.state_dict())
    state["visual.temporal_embedding"] = torch.zeros(1, 4, 96)
    state["visual.transformer.T_prompt_embeddings"] = model.visual_blocks.temporal_tokens.tokens.detach()
    for prefix, blocks in (("visual.", model.visual_blocks), ("", model.text_blocks)):
        for i, adapter in enumerate(blocks.adapters):
            for linear, name in ((adapter.down, "D_fc1"), (adapter.up, "D_fc2")):
                state[f"{prefix}transformer.resblocks.{i}.Adapter.{name}.weight"] = linear.weight.detach()
                state[f"{prefix}transformer.resblocks.{i}.Adapter.{name}.bias"] = linear.bias.detach()
    return state


def as_bike_content(model: BIKE) -> dict[str, Any]:
    """The model as BIKE's authors save it; a head without layers is empty."""
    head: State = {}
    if model.video_head is not None:
        head["frame_position_embeddings.weight"] = model.video_head.positions.detach()
        layers: list[Any] = list(model.video_head.layers)
        for i, layer in enumerate(layers):
            parts = {
                "attn.in_proj_weight": layer.self_attn.in_proj_weight,
                "attn.in_proj_bias": layer.self_attn.in_proj_bias,
            }
            of_parts = {
                "attn.out_proj": layer.self_attn.out_proj,
                "ln_1": layer.norm1,
                "ln_2": layer.norm2,
                "mlp.c_fc": layer.linear1,
                "mlp.c_proj": layer.linear2,
            }
            for name, part in of_parts.items():
                parts |= {f"{name}.weight": part.weight, f"{name}.bias": part.bias}
            head |= {f"transformer.resblocks.{i}.{name}": tensor.detach() for name, tensor in parts.items()}
    moments = {"state": {0: {"exp_avg": torch.zeros(3)}}, "param_groups": [{"lr": 5e-6, "params": [0]}]}
    return {
        "epoch": 28,
        "model_state_dict": dict(model.backbone.clip.state_dict()),
        "fusion_model_state_dict": head,
        "optimizer_state_dict": moments,
    }


def tuned_from(weights: Path) -> OpenClipBackbone:
    """The tiny CLIP with all parameters but the token embedding changed, as fine-tuning does."""
    backbone = OpenClipBackbone("tiny-clip", str(weights)).eval()
    with torch.no_grad():
        for name, parameter in backbone.clip.named_parameters():
            if name != "token_embedding.weight":
                parameter.add_(0.05 * torch.randn_like(parameter))
    return backbone


def as_vifi_state(backbone: OpenClipBackbone) -> State:
    """Its tensors under the names of ViFi-CLIP's authors."""
    state: State = {}
    for name, tensor in backbone.clip.state_dict().items():
        if name.startswith("visual."):
            state[f"module.image_encoder.{name.removeprefix('visual.')}"] = tensor
        elif name == "logit_scale":
            state["module.logit_scale"] = tensor
        elif name != "token_embedding.weight":
            state[f"module.text_encoder.{name}"] = tensor
    tokens = backbone.tokenize(["a photo of a red circle.", "a photo of a cross."])
    state[VIFI_PROMPTS] = backbone.clip.token_embedding(tokens).detach().half()
    return state


def save_vifi(path: Path, state: State) -> Path:
    optimizer = {"state": {0: {"exp_avg": torch.zeros(3)}}, "param_groups": [{"lr": 8e-6, "params": [0]}]}
    content = {"model": state, "optimizer": optimizer, "lr_scheduler": {}, "max_accuracy": 77.0, "epoch": 9}
    torch.save(content, path)
    return path


def as_open_vclip_state(weights: Path) -> State:
    """The tiny CLIP under the names of Open-VCLIP's authors, its visual tower and logit scale changed by training."""
    clip = OpenClipBackbone("tiny-clip", str(weights)).clip.state_dict()
    trained = {name for name in clip if name == "logit_scale" or name.startswith("visual.")}
    return {f"model.{k}": v + 0.05 * torch.randn_like(v) if k in trained else v.clone() for k, v in clip.items()}
