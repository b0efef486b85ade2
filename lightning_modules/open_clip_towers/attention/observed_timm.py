"""The attention of timm's ViTs in open_clip (SigLIP, EVA-02, MobileCLIP-B, ...).

timm's blocks call PyTorch's `scaled_dot_product_attention`, which keeps its weights to itself. While a
`_SeenAttention` is active, in this thread alone, these calls are computed with explicit weights; no module is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from open_clip.timm_model import TimmModel
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from zsar.lightning_modules.open_clip_towers.attention.attention_record import AttentionRecord, Pooling, TokenLayout
from zsar.lightning_modules.open_clip_towers.attention.explicit_attention import attention_weights, weighted_values
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

_TAKE = "take a ViT such as ViT-B-16-quickgelu or ViT-B-16-SigLIP"
_POOLINGS: dict[str, Pooling] = {"token": "token", "avg": "average", "map": "attention"}


def encode_observed_timm(visual: Any, frames: Tensor, record: AttentionRecord, *, architecture: str) -> Tensor:  # noqa: ANN401
    """Embeds frames, and notes the attention.

    Args:
        visual: The visual tower.
        frames: Normalized, [N, 3, H, W].
        record: The record to fill.
        architecture: The user's name of it, for errors.

    Returns:
        [N, D], as without observation.

    Raises:
        BackboneError: The tower has no attention over patches, or not in a way that can be observed.
    """
    layout = timm_layout(visual, architecture=architecture)
    pools = layout.pooling == "attention"
    seen: list[Tensor] = []
    with _SeenAttention(record.on_graph, seen):
        embeddings: Tensor = visual(frames)
    n_layers = len(visual.trunk.blocks)
    if len(seen) != n_layers + pools:
        raise BackboneError(
            f"{architecture} computed attention {len(seen)} times in {n_layers} blocks, so that it is not known which "
            f"is whose; unset TIMM_FUSED_ATTN if it is 0, or {_TAKE}"
        )
    for layer, weights in enumerate(seen[:n_layers]):
        record.add(layer, weights, "tokens")
    if pools:
        record.pool = seen[-1]
    record.finish(layout)
    return embeddings


def timm_layout(visual: Any, *, architecture: str) -> TokenLayout:  # noqa: ANN401 - towers share no base class
    """The tokens of a timm ViT.

    Args:
        visual: The visual tower.
        architecture: The user's name of it, for errors.

    Raises:
        BackboneError: The tower is not a ViT of timm, or pools its tokens in another way than by a class token, their
            mean, or attention.
    """
    trunk = getattr(visual, "trunk", None)
    grid = getattr(getattr(trunk, "patch_embed", None), "grid_size", None)
    if not isinstance(visual, TimmModel) or trunk is None or grid is None or not hasattr(trunk, "blocks"):
        kind = type(visual).__name__ if trunk is None else type(trunk).__name__
        raise BackboneError(
            f"the visual tower of {architecture} is a {kind}, which has no attention over patches to show; {_TAKE}"
        )
    pooling = "map" if getattr(trunk, "attn_pool", None) is not None else str(trunk.global_pool)
    latents = getattr(getattr(trunk, "attn_pool", None), "latent_len", 1)
    if pooling not in _POOLINGS or latents != 1 or "pool" in dict(visual.head.named_children()):
        raise BackboneError(
            f"the visual tower of {architecture} pools its tokens in a way whose attention zsar does not know; {_TAKE}"
        )
    n_class_tokens = int(getattr(trunk, "cls_token", None) is not None)
    return TokenLayout(
        n_class_tokens,
        int(trunk.num_prefix_tokens) - n_class_tokens,
        (int(grid[0]), int(grid[1])),
        _POOLINGS[pooling],
        pools_all=bool(getattr(trunk, "pool_include_prefix", pooling == "map")),
    )


class _SeenAttention(TorchFunctionMode):
    """Computes scaled dot-product attention with its weights, which it collects in the order of the calls."""

    def __init__(self, on_graph: Callable[[Tensor], Tensor], seen: list[Tensor]) -> None:
        super().__init__()
        self._on_graph = on_graph
        self._seen = seen

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - PyTorch's signature
        """Called by PyTorch for each of its functions."""
        given = kwargs or {}
        if func is not functional.scaled_dot_product_attention or given.get("is_causal") or given.get("enable_gqa"):
            return func(*args, **given)
        return self._attended(*args, **{k: v for k, v in given.items() if k not in ("is_causal", "enable_gqa")})

    def _attended(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,
        *,
        scale: float | None = None,
    ) -> Tensor:
        weights = self._on_graph(attention_weights(query, key, attn_mask, scale=scale))
        self._seen.append(weights)
        return weighted_values(weights, value, dropout=dropout_p)
