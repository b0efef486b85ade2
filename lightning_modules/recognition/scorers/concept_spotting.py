"""Video concept spotting, the scorer of BIKE (Wu et al. 2023): each class weighs the frames of a video by its words.

With the frames v_t of a video, the token embeddings w_n of a prompt at all its positions and the embedding e of the
prompt, all of length 1,

    a_t = mean_n softmax_t(w_n . v_t / 0.01)        the saliency of a frame, which sums to 1 over the frames
    score = sum_t a_t v_t . e                       the weighted frames are not normalized again

The mean takes in start, end and padding, as in the authors' code: padding decides most of the saliency. The
similarities of all words to all frames exist for one block of prompts at a time; with gradient, each block is computed
again.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from zsar.lightning_modules.recognition.scorers.token_rows import end_embeddings, token_embeddings

TEMPERATURE = 0.01
"""Of the softmax over frames; fixed in the authors' code."""


def concept_spotting(frames: Tensor, classes: Tensor, logit_scale: Tensor, *, block_mb: float = 64.0) -> Tensor:
    """Scores each view of each video against each prompt of each class.

    Args:
        frames: Frame embeddings, not normalized, [B, V, T, D].
        classes: Rows of class text (`token_rows`), [C, P, (1 + L) * D], or [B, C, P, (1 + L) * D].
        logit_scale: Factor of the scores, a scalar.
        block_mb: Memory of the similarities of one block of prompts in 10^6 bytes; at least one prompt is scored at a
            time. The scores do not depend on it.

    Returns:
        [B, V, P, C] in fp32; in fp64 where an argument is.

    Raises:
        ValueError: The class text has no embeddings of tokens of the frames' width.
    """
    with torch.autocast(frames.device.type, enabled=False):
        videos, prompts = _grouped(frames, classes)
        n_positions = prompts.shape[-1] // frames.shape[-1] - 1
        bytes_per_prompt = videos.shape[0] * videos.shape[1] * videos.shape[2] * n_positions * videos.itemsize
        blocks = prompts.split(max(1, int(block_mb * 1e6 / bytes_per_prompt)), dim=1)
        if torch.is_grad_enabled() and (videos.requires_grad or prompts.requires_grad):
            of_blocks = [checkpoint(_scores_of_block, videos, block, use_reentrant=False) for block in blocks]
        else:
            of_blocks = [_scores_of_block(videos, block) for block in blocks]
        scores = torch.cat(of_blocks, dim=2).reshape(*frames.shape[:2], *classes.shape[-3:-1])
        return logit_scale.to(scores.dtype) * scores.transpose(2, 3)


def spotted_frames(frames: Tensor, classes: Tensor) -> Tensor:
    """The saliency of each frame for each prompt: how much of the class's embedding of the video is its.

    Args:
        frames: As in `concept_spotting`.
        classes: As in `concept_spotting`.

    Returns:
        a, [B, V, P, C, T], summing to 1 over T.

    Raises:
        ValueError: The class text has no embeddings of tokens of the frames' width.
    """
    with torch.autocast(frames.device.type, enabled=False):
        videos, prompts = _grouped(frames, classes)
        saliency = _saliency(videos, prompts)
        return saliency.reshape(*frames.shape[:2], *classes.shape[-3:-1], frames.shape[2]).transpose(2, 3)


def _grouped(frames: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
    """Normalized frames [G, X, T, D] and rows [G, C * P, D']: G = 1 where videos share their classes, else B."""
    width, length = frames.shape[-1], classes.shape[-1]
    if length <= width or length % width:
        raise ValueError(
            f"concept spotting reads the embeddings of all tokens of a prompt, {width} numbers each after those of the "
            f"prompt, but class text has {length} numbers a prompt; embed it with the scorer concept_spotting"
        )
    dtype = torch.promote_types(torch.promote_types(frames.dtype, classes.dtype), torch.float32)
    videos = functional.normalize(frames.to(dtype), dim=-1)
    if classes.ndim == 4:
        return videos, classes.to(dtype).flatten(1, 2)
    return videos.flatten(0, 1)[None], classes.to(dtype).flatten(0, 1)[None]


def _scores_of_block(videos: Tensor, prompts: Tensor) -> Tensor:
    """[G, X, T, D] and [G, N, D'] -> [G, X, N]."""
    ends = end_embeddings(prompts, videos.shape[-1])
    return (_saliency(videos, prompts) * torch.einsum("gxtd,gnd->gxnt", videos, ends)).sum(dim=-1)


def _saliency(videos: Tensor, prompts: Tensor) -> Tensor:
    """[G, X, T, D] and [G, N, D'] -> a, [G, X, N, T]."""
    similarities = torch.einsum("gxtd,gnld->gxnlt", videos, token_embeddings(prompts, videos.shape[-1]))
    return (similarities / TEMPERATURE).softmax(dim=-1).mean(dim=-2)
