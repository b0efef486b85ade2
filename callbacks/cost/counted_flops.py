"""The arithmetic of embedding a view: counted on tensors without data, so that it takes neither memory nor a device.

torch's `FlopCounterMode` counts matrix products, convolutions and attention, two operations for each multiplication
with its addition; norms, activations and sums are not counted. Papers on video transformers state half of it, the
multiply-adds, as GFLOPS: 281 for 16 frames of 224 px in CLIP ViT-B/16 (T2L Table 1, ZAR Table 1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils.flop_counter import FlopCounterMode


def counted_flops(model: nn.Module, embed: Callable[[Tensor], Tensor], shape: Sequence[int]) -> int:
    """Counts the operations of a call of a model, without running it on data.

    Args:
        model: The model whose parameters and buffers the call uses; they are not changed.
        embed: The call: a method of the model, of normalized frames.
        shape: Shape of the frames.

    Returns:
        Floating-point operations; a multiply-add counts as two.

    Raises:
        RuntimeError: The call needs values, which tensors without data do not have.
    """
    call = _Call(model, embed)
    tensors = {**dict(call.named_parameters()), **dict(call.named_buffers())}
    dtype = next((tensor.dtype for tensor in tensors.values() if tensor.is_floating_point()), torch.float32)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        without_data = {name: torch.empty_like(tensor, device="meta") for name, tensor in tensors.items()}
        functional_call(call, without_data, (torch.empty(tuple(shape), dtype=dtype, device="meta"),))
    return counter.get_total_flops()


class _Call(nn.Module):
    """A method as the `forward` of a module, for `functional_call`."""

    def __init__(self, model: nn.Module, embed: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.model = model
        self._embed = embed

    def forward(self, frames: Tensor) -> Tensor:
        return self._embed(frames)
