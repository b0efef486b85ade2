"""BIKE from its page alone (`bike.md`, sections 2 to 5, 7 and 8): plain dicts of tensors with the authors' names.

Wu et al., "Bidirectional Cross-Modal Knowledge Exploration for Video Recognition with Pre-trained Vision-Language
Models", CVPR 2023. Written before its implementation was read, and nothing of the package is used. `clip` holds CLIP's
names (`visual.conv1.weight`, ...), `head` those of `fusion_model_state_dict` (`frame_position_embeddings.weight`, ...).
Videos, classes and token positions are walked one by one where that is plainer.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tests.reference.openai_clip import State, encode_image, encode_text, full_attention, part, transformer, unit

TEMPERATURE = 0.01
HEAD_EPS = 1e-12


def frame_embeddings(clip: State, videos: Tensor, heads: int | None = None) -> Tensor:
    """Section 2. Videos [B, T, 3, H, W], normalized -> f [B, T, D]: frames one by one, not of unit length."""
    number = heads or clip["visual.class_embedding"].shape[0] // 64
    return torch.stack(
        [encode_image(clip, video, lambda weights, x: full_attention(weights, x, number)) for video in videos]
    )


def text_embeddings(clip: State, tokens: Tensor, heads: int | None = None) -> tuple[Tensor, Tensor]:
    """Section 3. Token ids [C, N] of N = the whole context -> w [C, N, D] of all positions, e [C, D] of the end."""
    return encode_text(clip, tokens, heads)


def video_head(head: State, f: Tensor, heads: int) -> Tensor:
    """Section 4. Frame embeddings f [B, T, D] -> y [B, T, D]; `heads` is the authors' text width // 64."""
    x = f + head["frame_position_embeddings.weight"][: f.shape[1]]
    x = transformer(part(head, "transformer."), x, lambda weights, z: full_attention(weights, z, heads), HEAD_EPS)
    return x + f


def saliency(y: Tensor, w: Tensor) -> Tensor:
    """Section 5. y [B, T, D], w [C, N, D] -> a [C, B, T]: softmax over frames for each token, then their mean."""
    v, w = unit(y), unit(w)
    rows = []
    for c in range(len(w)):
        for b in range(len(v)):
            of_tokens = [(v[b] @ w[c, n] / TEMPERATURE).softmax(dim=0) for n in range(w.shape[1])]
            rows.append(torch.stack(of_tokens).mean(dim=0))
    return torch.stack(rows).view(len(w), len(v), -1)


def video_embeddings(y: Tensor, w: Tensor) -> Tensor:
    """Section 5. p [C, B, D]: the unit frames weighted by their saliency for the class, not of unit length again."""
    v, a = unit(y), saliency(y, w)
    return torch.stack(
        [
            torch.stack([sum(a[c, b, t] * v[b, t] for t in range(v.shape[1])) for b in range(len(v))])  # type: ignore[misc]
            for c in range(len(w))
        ]
    )


def spotting_cosines(y: Tensor, w: Tensor, e: Tensor) -> Tensor:
    """Section 5. cos [B, C] = p[c, b] . e[c] / |e[c]|."""
    p, e = video_embeddings(y, w), unit(e)
    return torch.stack([torch.stack([p[c, b] @ e[c] for c in range(len(e))]) for b in range(len(y))])


def mean_cosines(y: Tensor, e: Tensor) -> Tensor:
    """Section 5, `interaction: DP`. cos [B, C] of the mean of the unnormalized frames."""
    return unit(y.mean(dim=1)) @ unit(e).T


def probabilities_with_head(cosines: Tensor) -> Tensor:
    """Section 8, (H). Raw cosines [B, V, C] of V views -> [B, C]: softmax, mean of the views, softmax again."""
    return cosines.softmax(dim=-1).mean(dim=1).softmax(dim=-1)


def frame_voting(f: Tensor, e: Tensor) -> Tensor:
    """Section 8, (F). f [B, T, D] of the tower, e [C, D] -> [B, C]: softmax of 100 f_t . e / |e|, and its mean."""
    e = unit(e)
    return torch.stack(
        [torch.stack([(100 * (e @ frame)).softmax(dim=0) for frame in video]).mean(dim=0) for video in f]
    )


def symmetric_kl(logits: Tensor, labels: list[int]) -> Tensor:
    """Section 7. Logits [G, G] of G videos against the prompts of G videos, their labels -> the loss.

    Targets are the row softmax of 10 * [same class]; KL(q, softmax L) is summed over all cells and divided by G, for L
    and for L transposed, and the mean of the two is the loss.
    """
    n = len(labels)
    same = [[10.0 if labels[i] == labels[j] else 0.0 for j in range(n)] for i in range(n)]
    q = torch.tensor(same, dtype=logits.dtype).softmax(dim=-1)
    total = torch.zeros((), dtype=logits.dtype)
    for cells in (logits, logits.T):
        p = cells.softmax(dim=-1)
        for i in range(n):
            for j in range(n):
                total = total + q[i, j] * (q[i, j].log() - p[i, j].log()) / n
    return total / 2


def training_loss(
    clip: State, head: State, videos: Tensor, tokens: Tensor, labels: list[int], *, visual_heads: int, head_heads: int
) -> Tensor:
    """Section 7. Videos [G, T, 3, H, W] and the tokens [G, N] of *their own* prompts -> the loss of one step."""
    y = video_head(head, frame_embeddings(clip, videos, visual_heads), head_heads)
    w, e = text_embeddings(clip, tokens, head_heads)
    return symmetric_kl(clip["logit_scale"].exp() * spotting_cosines(y, w.detach(), e.detach()), labels)
