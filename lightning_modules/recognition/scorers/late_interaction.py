"""MAKA late interaction, the scorer of AP-CLIP: each frame finds its best prompt, each prompt its best frame.

With the frames v_i of a video and the prompts c_j of a class, v2t = mean_i max_j v_i.c_j, t2v = mean_j max_i v_i.c_j,
and the score is (v2t + t2v) / 2, in training and inference. A direct implementation needs all similarities
[B, C, V*T, P] at once, and autograd needs their gradient as well. Here both exist for one block of classes at a time.
A gradient needs only the positions of the maxima, kept as small integers; recomputing similarities would cost another
matrix product.

Values and gradients are exact. Where similarities tie, the gradient goes to the one that `torch.max` returns. The
blocks are inside custom operators, which `torch.compile` treats as opaque.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional

_BLOCK_MB = 3.0  # less memory, and no slower: it stays in the cache of a core


def late_interaction(frames: Tensor, classes: Tensor, *, block_mb: float | None = None) -> Tensor:
    """Scores each video against each class by the similarities of all its frames to all prompts of the class.

    Similarities are computed in fp32 even for fp16 and bf16 embeddings and under autocast; gradients have the types
    of the arguments. Differentiable once.

    Args:
        frames: Frame embeddings of all views, not normalized (each frame is normalized here), [B, V*T, D].
        classes: Prompt embeddings, L2-normalized, [C, P, D], or [B, C, P, D] where each video has its own.
        block_mb: Maximum memory of one block of classes in 10^6 bytes: its similarities and, for fp16 or bf16 prompt
            embeddings, their fp32 copies and gradients. None for 3, or what one class needs if that is more. The scores
            do not depend on it.

    Returns:
        Cosine similarities, float32 [B, C]; float64 where an argument is float64.

    Raises:
        ValueError: Shapes do not match, or a given block is too small for one class.
    """
    _check_shapes(frames, classes)
    keep_argmax = torch.is_grad_enabled() and (frames.requires_grad or classes.requires_grad)
    with torch.autocast(frames.device.type, enabled=False):
        computed_in = torch.promote_types(torch.promote_types(frames.dtype, classes.dtype), torch.float32)
        normalized = functional.normalize(frames.to(computed_in), dim=-1)
        grouped_classes = classes if classes.ndim == 4 else classes[None]
        block_bytes = max(int(_BLOCK_MB * 1e6), _class_bytes(normalized, grouped_classes))
        if block_mb is not None:
            block_bytes = int(block_mb * 1e6)
        scores: Tensor = _scores(normalized, grouped_classes, block_bytes, keep_argmax)[0]
        return scores


def _check_shapes(frames: Tensor, classes: Tensor) -> None:
    if frames.ndim != 3 or 0 in frames.shape:
        raise ValueError(f"frame embeddings must be [B, V*T, D], all above 0; got {list(frames.shape)}")
    if classes.ndim not in (3, 4) or 0 in classes.shape:
        raise ValueError(f"class embeddings must be [C, P, D] or [B, C, P, D], all above 0; got {list(classes.shape)}")
    if classes.shape[-1] != frames.shape[-1]:
        raise ValueError(
            f"frames are embedded in D={frames.shape[-1]} dimensions, prompts in D={classes.shape[-1]}; "
            "take both from one CLIP model"
        )
    if classes.ndim == 4 and classes.shape[0] != frames.shape[0]:
        raise ValueError(
            f"there are prompts of B={classes.shape[0]} videos and frames of B={frames.shape[0]}; "
            "pass [C, P, D] for prompts that all videos share"
        )


# Below, classes are [G, C, P, D], with G = 1 where the videos share prompts and G = B where each has its own, and
# frames are multiplied as [G, B/G * V*T, D], so that one batched product of G pairs of matrices serves both.


@torch.library.custom_op(
    "zsar::late_interaction",
    mutates_args=(),
    schema="(Tensor frames, Tensor classes, int block_bytes, bool keep_argmax) -> (Tensor, Tensor, Tensor)",
)
def _scores(frames: Tensor, classes: Tensor, block_bytes: int, keep_argmax: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Scores [B, C], the best prompt of each frame [B, V*T, C], the best frame of each prompt [B, C, P].

    The last two are empty without `keep_argmax`: computing maxima alone is faster.
    """
    scores, best_prompt, best_frame = _empty_scores(frames, classes, block_bytes, keep_argmax)
    grouped_frames = frames.reshape(len(classes), -1, frames.shape[-1])
    for block, similarities, as_matrices in _blocks(frames, classes, block_bytes):
        prompts = classes[:, block].flatten(1, 2).to(frames.dtype)
        torch.bmm(grouped_frames, prompts.transpose(1, 2), out=as_matrices)
        if keep_argmax:
            v2t, best_prompt[:, :, block] = similarities.max(dim=3)
            t2v, best_frame[:, block] = similarities.max(dim=1)
        else:
            v2t, t2v = similarities.amax(dim=3), similarities.amax(dim=1)
        scores[:, block] = (v2t.mean(dim=1) + t2v.mean(dim=2)) / 2
    return scores, best_prompt, best_frame


@_scores.register_fake
def _empty_scores(
    frames: Tensor, classes: Tensor, block_bytes: int, keep_argmax: bool
) -> tuple[Tensor, Tensor, Tensor]:
    (n_videos, n_frames, _), (_, n_classes, n_prompts, _) = frames.shape, classes.shape
    best_prompt = (n_videos, n_frames, n_classes) if keep_argmax else (0,)
    best_frame = (n_videos, n_classes, n_prompts) if keep_argmax else (0,)
    return (
        frames.new_empty(n_videos, n_classes),
        frames.new_empty(best_prompt, dtype=torch.uint8 if n_prompts <= 256 else torch.int32),
        frames.new_empty(best_frame, dtype=torch.uint8 if n_frames <= 256 else torch.int32),
    )


@torch.library.custom_op(
    "zsar::late_interaction_gradients",
    mutates_args=(),
    schema="(Tensor gradient, Tensor frames, Tensor classes, Tensor[] argmax, int block_bytes, bool[] wanted) "
    "-> (Tensor, Tensor)",
)
def _gradients(
    gradient: Tensor, frames: Tensor, classes: Tensor, argmax: list[Tensor], block_bytes: int, wanted: list[bool]
) -> tuple[Tensor, Tensor]:
    """Gradients of frames and classes, each empty if not requested, from the gradient of the scores [B, C]."""
    to_frames, to_classes = _empty_gradients(gradient, frames, classes, argmax, block_bytes, wanted)
    to_frames.zero_()
    best_prompt, best_frame = argmax
    grouped_frames = frames.reshape(len(classes), -1, frames.shape[-1])
    for block, to_similarities, as_matrices in _blocks(frames, classes, block_bytes):
        _scatter(gradient[:, block] / 2, best_prompt[:, :, block], best_frame[:, block], into=to_similarities)
        if wanted[0]:
            prompts = classes[:, block].flatten(1, 2).to(frames.dtype)
            to_frames.view_as(grouped_frames).baddbmm_(as_matrices, prompts)
        if wanted[1]:
            _multiply(as_matrices.transpose(1, 2), grouped_frames, into=to_classes[:, block].flatten(1, 2))
    return to_frames, to_classes


@_gradients.register_fake
def _empty_gradients(
    gradient: Tensor, frames: Tensor, classes: Tensor, argmax: list[Tensor], block_bytes: int, wanted: list[bool]
) -> tuple[Tensor, Tensor]:
    to_frames = frames.new_empty(frames.shape if wanted[0] else (0,))
    return to_frames, classes.new_empty(classes.shape if wanted[1] else (0,))


def _scatter(gradient: Tensor, best_prompt: Tensor, best_frame: Tensor, *, into: Tensor) -> None:
    """Adds the gradients of v2t and t2v, [B, C], to those of similarities [B, V*T, C, P], at the maxima."""
    _, n_frames, _, n_prompts = into.shape
    of_frame = (gradient / n_frames)[:, None, :, None].expand(-1, n_frames, -1, -1)
    of_prompt = (gradient / n_prompts)[:, None, :, None].expand(-1, -1, -1, n_prompts)
    into.zero_().scatter_(3, best_prompt[..., None].long(), of_frame)
    into.scatter_add_(1, best_frame[:, None].long(), of_prompt)


def _multiply(left: Tensor, right: Tensor, *, into: Tensor) -> None:
    """Batched product, without a temporary if the types are equal."""
    if into.dtype == left.dtype:
        torch.bmm(left, right, out=into)
    else:
        into.copy_(torch.bmm(left, right))


def _blocks(frames: Tensor, classes: Tensor, block_bytes: int) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """Yields the classes of each block, and two views of its memory: as [B, V*T, block, P] and as G matrices.

    All blocks share the same uninitialized memory.
    """
    n_videos, n_frames, _ = frames.shape
    n_groups, n_classes, n_prompts, _ = classes.shape
    class_bytes = _class_bytes(frames, classes)
    if class_bytes > block_bytes:
        raise ValueError(
            f"block_mb={block_bytes / 1e6:g} does not hold one class of {n_prompts} prompts for {n_videos} videos of "
            f"{n_frames} frames; set at least {math.ceil(class_bytes / 1e3) / 1e3:g}, or score fewer videos at once"
        )
    n_blocks = math.ceil(n_classes / (block_bytes // class_bytes))
    size = math.ceil(n_classes / n_blocks)
    memory = frames.new_empty(n_videos * n_frames * size * n_prompts)
    for start in range(0, n_classes, size):
        block = slice(start, min(start + size, n_classes))
        n = block.stop - start
        part = memory[: n_videos * n_frames * n * n_prompts]
        yield block, part.view(n_videos, n_frames, n, n_prompts), part.view(n_groups, -1, n * n_prompts)


def _class_bytes(frames: Tensor, classes: Tensor) -> int:
    """What one class needs of a block."""
    (n_videos, n_frames, width), (n_groups, _, n_prompts, _) = frames.shape, classes.shape
    converted = 2 * n_groups * width if classes.dtype != frames.dtype else 0
    return n_prompts * (n_videos * n_frames + converted) * frames.itemsize


# --- autograd ---------------------------------------------------------------------------------------------------------


class _Context(Protocol):
    """Saves what the backward pass needs from the forward pass."""

    block_bytes: int
    needs_input_grad: tuple[bool, ...]
    saved_tensors: tuple[Tensor, ...]

    def save_for_backward(self, *tensors: Tensor) -> None: ...


def _remember(ctx: _Context, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
    frames, classes, ctx.block_bytes, _ = inputs
    ctx.save_for_backward(frames, classes, *output[1:])


def _backward(ctx: _Context, gradient: Tensor, *of_argmax: Tensor | None) -> tuple[Tensor | None, ...]:
    frames, classes, *argmax = ctx.saved_tensors
    wanted = list(ctx.needs_input_grad[:2])
    with torch.autocast(frames.device.type, enabled=False):
        gradients = _gradients(gradient, frames, classes, argmax, ctx.block_bytes, wanted)
    of_frames, of_classes = (value if is_wanted else None for value, is_wanted in zip(gradients, wanted, strict=True))
    return of_frames, of_classes, None, None


def _reject_double_backward(ctx: _Context, *gradients: Tensor) -> None:
    raise NotImplementedError("late_interaction is differentiable once; take its gradient without create_graph")


_scores.register_autograd(_backward, setup_context=_remember)
_gradients.register_autograd(_reject_double_backward)
