"""Runs a model whose weights have no values (`torch.device("meta")`) on inputs that have some, such as tokens.

What is computed of values alone keeps them: where a text ends, how many tokens are needed. Where they meet a tensor
without values they give way to one without, so that the model runs as with weights, in no memory.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import TreeSpec, tree_flatten, tree_unflatten

_Layout = tuple[torch.Size, tuple[int, ...], torch.dtype]


class ValuesGiveWay(TorchDispatchMode):
    """Within it, an operation on tensors with and without values makes one without.

    The blocks of a tower do the same operations on tensors of the same sizes: what they make is looked up.
    """

    def __init__(self) -> None:
        """Has seen no operation yet."""
        super().__init__()
        self._made: dict[Hashable, tuple[list[_Layout], TreeSpec]] = {}

    def __torch_dispatch__(
        self,
        func: Any,  # noqa: ANN401 - torch's signature
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        """Runs one operation of torch."""
        given, structure = tree_flatten((args, kwargs or {}))
        if not any(isinstance(value, Tensor) and value.is_meta for value in given):
            return func(*args, **(kwargs or {}))
        given = [value.to("meta") if isinstance(value, Tensor) else value for value in given]
        key = _key(func, given, structure)
        if key is not None and key in self._made:
            layouts, made = self._made[key]
            return tree_unflatten(
                [torch.empty_strided(*layout[:2], dtype=layout[2], device="meta") for layout in layouts], made
            )
        args, kwargs = tree_unflatten(given, structure)
        result = func(*args, **kwargs)
        tensors, made = tree_flatten(result)
        if key is not None and all(isinstance(tensor, Tensor) and tensor.is_meta for tensor in tensors):
            self._made[key] = [_layout(tensor) for tensor in tensors], made
        return result


def _key(func: Any, given: Sequence[Any], structure: TreeSpec) -> Hashable:  # noqa: ANN401 - torch's operations
    """What decides the sizes of the result; None where the result is no tensor of its own."""
    schema = func._schema
    if schema.is_mutable or any(one.alias_info is not None for one in (*schema.arguments, *schema.returns)):
        return None
    parts = tuple(_layout(value) if isinstance(value, Tensor) else (type(value), value) for value in given)
    key = (func, parts, str(structure))
    try:
        hash(key)
    except TypeError:
        return None
    return key


def _layout(tensor: Tensor) -> _Layout:
    return tensor.shape, tensor.stride(), tensor.dtype
