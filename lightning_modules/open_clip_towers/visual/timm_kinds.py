"""Which towers of timm are ViTs whose parts are all known, told by what they hold, not by their names.

A tower runs step by step only if every module, parameter and buffer in it is one that a step uses: what a later version
of timm adds to its ViTs is then refused by name, never left out silently.
"""

from __future__ import annotations

from typing import Any

from timm.layers import Mlp
from timm.models.eva import Eva
from timm.models.vision_transformer import VisionTransformer
from torch import nn

from zsar.lightning_modules.open_clip_towers.blocks.timm_attention import unknown_part
from zsar.lightning_modules.open_clip_towers.blocks.timm_block import unknown_block

_TOKENS = {"patch_embed", "cls_token", "reg_token", "pos_embed", "rope", "pos_drop", "patch_drop", "norm_pre"}
_PARTS = {*_TOKENS, "blocks", "norm", "attn_pool", "fc_norm", "head_drop", "head"}


def unknown_tower(visual: Any) -> str | None:  # noqa: ANN401 - towers share no base class
    """What a tower of timm is that cannot be run step by step.

    Args:
        visual: open_clip's `TimmModel`.

    Returns:
        What it is, with an article; None if it is a ViT of known parts.
    """
    trunk = visual.trunk
    kind = f"timm's {type(trunk).__name__}"
    if type(trunk) not in (VisionTransformer, Eva):
        return f"{kind}, not one of its ViTs of known parts (VisionTransformer, Eva)"
    reasons = (
        _of_trunk(trunk),
        _of_patches(trunk),
        next((reason for block in trunk.blocks if (reason := unknown_block(block))), None),
        _of_head(trunk, visual.head),
    )
    reason = next((reason for reason in reasons if reason is not None), None)
    return None if reason is None else f"{kind} with {reason}"


def _of_trunk(trunk: Any) -> str | None:  # noqa: ANN401
    part = unknown_part(trunk, _PARTS)
    return None if part is None else f"a part {part!r}, which zsar does not know"


def _of_patches(trunk: Any) -> str | None:  # noqa: ANN401
    """A hybrid's tokens are of no patch: its convolutions overlap; those of MobileCLIP-B's stem do not."""
    for module in trunk.patch_embed.modules():
        if isinstance(module, nn.Conv2d) and module.kernel_size not in ((1, 1), module.stride):
            return "overlapping convolutions before its blocks, a hybrid"
    dropped = getattr(trunk.patch_drop, "prob", 0.0)
    if dropped and getattr(trunk, "rope", None) is not None:
        return f"rotary positions and a patch dropout of {dropped}, whose positions are those of the patches it leaves"
    return None


def _of_head(trunk: Any, head: nn.Module) -> str | None:  # noqa: ANN401
    """Heads are at most one linear map, or an MLP, after dropout."""
    if not isinstance(trunk.head, nn.Linear | nn.Identity):
        return f"a head of kind {type(trunk.head).__name__}"
    kinds = tuple(type(part) for part in head.children())
    known: tuple[tuple[type, ...], ...] = ((), (nn.Dropout, nn.Linear), (Mlp,))
    if kinds not in known or (kinds and isinstance(trunk.head, nn.Linear)):
        return f"a head of {' and '.join(kind.__name__ for kind in kinds)}"
    return None
