"""Open-VCLIP from its page alone (`open_vclip.md`, sections 2 to 4 and 6): plain dicts of tensors with OpenAI's names.

Weng et al., "Open-VCLIP: Transforming CLIP to an Open-vocabulary Video Model via Interpolated Weight Optimization",
ICML 2023. Written before its implementation was read, and nothing of the package is used: one video, one frame and one
head after the other.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tests.reference.openai_clip import (
    State,
    attention_heads,
    encode_image,
    encode_text,
    linear,
    part,
    softmax_attention,
    unit,
)

TEMPLATES = tuple(
    f"a {noun} of {person}{{}}."
    for noun in ("photo", "video", "example", "demonstration")
    for person in (
        "",
        "a person ",
        "a person using ",
        "a person doing ",
        "a person during ",
        "a person performing ",
        "a person practicing ",
    )
)
"""Section 3: 4 x 7."""


def frame_embeddings(clip: State, videos: Tensor, heads: int | None = None) -> Tensor:
    """Section 2. Videos [B, T, 3, H, W], normalized -> f [B, T, D]: every block looks at three frames."""
    number = heads or clip["visual.class_embedding"].shape[0] // 64
    return torch.stack(
        [encode_image(clip, video, lambda weights, x: neighbour_attention(weights, x, number)) for video in videos]
    )


def neighbour_attention(state: State, x: Tensor, heads: int) -> Tensor:
    """Section 2, A. The tokens x [T, n, width] of one video -> [T, n, width]: queries of t, keys of t - 1, t, t + 1.

    Where a neighbour is missing there are n zero vectors among the keys and n among the values, unmasked.
    """
    q, k, v = attention_heads(state, x, heads)  # [T, heads, n, size]
    n_frames, nothing = len(x), torch.zeros_like(q[0, 0])
    frames = []
    for t in range(n_frames):
        of_heads = []
        for h in range(heads):
            keys = [k[s, h] if 0 <= s < n_frames else nothing for s in (t - 1, t, t + 1)]
            values = [v[s, h] if 0 <= s < n_frames else nothing for s in (t - 1, t, t + 1)]
            of_heads.append(softmax_attention(q[t, h], torch.cat(keys), torch.cat(values)))
        frames.append(torch.cat(of_heads, dim=-1))
    return linear(torch.stack(frames), part(state, "out_proj."))


def classifier(clip: State, tokens: Tensor, heads: int | None = None) -> Tensor:
    """Section 3. Token ids [K, C, N] of K templates, CLIP's own weights -> [C, D]: unit, mean of templates, unit."""
    embeddings = torch.stack([unit(encode_text(clip, of_template, heads)[1]) for of_template in tokens])
    return unit(embeddings.mean(dim=0))


def logits(f: Tensor, classes: Tensor, logit_scale: Tensor) -> Tensor:
    """Section 4. f [B, T, D], the classifier [C, D], the parameter before exp -> [B, C]: the mean is not normalized."""
    rows = []
    for video in f:
        cosines = torch.stack([classes @ unit(frame) for frame in video])
        rows.append(logit_scale.exp() * cosines.mean(dim=0))
    return torch.stack(rows)


def logits_of_views(f: Tensor, classes: Tensor, logit_scale: Tensor) -> Tensor:
    """Section 4. f [B, V, T, D] -> [B, C]: the sum of the views' logits."""
    return torch.stack([logits(f[:, view], classes, logit_scale) for view in range(f.shape[1])]).sum(dim=0)


def mixed(clip: State, averaged: State, clip_share: float) -> State:
    """Section 6, patching: r CLIP + (1 - r) SWA for every tensor, the logit scale before exp as well."""
    return {name: clip_share * clip[name] + (1 - clip_share) * averaged[name] for name in averaged}
