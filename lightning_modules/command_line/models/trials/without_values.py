"""Runs a model whose weights have no values (`torch.device("meta")`) on inputs that have some, such as tokens.

What is computed of values alone keeps them: where a text ends, how many tokens are needed. Where they meet a tensor
without values they give way to one without, so that the model runs as with weights, in no memory.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import TreeSpec, tree_flatten, tree_map, tree_unflatten

_Layout = tuple[torch.Size, tuple[int, ...], torch.dtype]


class ValuesGiveWay(TorchDispatchMode):
    """Within it, an operation on tensors with and without values makes one without.

    The blocks of a tower do the same operations on tensors of the same sizes: what they make is looked up.
    """

    def __init__(self) -> None:
        """Has seen no operation yet."""
        super().__init__()  # type: ignore[no-untyped-call]
        self._made: dict[Hashable, tuple[list[_Layout], TreeSpec]] = {}

    def __torch_dispatch__(
        self,
        func: Any,  # noqa: ANN401 - torch's signature
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        """Runs one operation of torch."""
        kwargs = kwargs or {}
        have_values = {not tensor.is_meta for tensor in _tensors((*args, *kwargs.values()))}
        if False not in have_values:
            return func(*args, **kwargs)
        if True in have_values:
            args, kwargs = tree_map(_without_values, (args, kwargs))
        key = _key(func, args, kwargs) if _makes_its_own(func) else None
        if key in self._made:
            layouts, structure = self._made[key]
            return tree_unflatten([_empty(layout) for layout in layouts], structure)
        result = func(*args, **kwargs)
        if key is not None:
            tensors, structure = tree_flatten(result)
            if all(isinstance(tensor, Tensor) and tensor.is_meta for tensor in tensors):
                self._made[key] = [_layout(tensor) for tensor in tensors], structure
        return result


def _tensors(values: Sequence[Any]) -> Iterator[Tensor]:
    """The tensors among the arguments of an operation, and in their lists."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from _tensors(value)


def _without_values(value: Any) -> Any:  # noqa: ANN401 - an argument of any type
    return value.to("meta") if isinstance(value, Tensor) else value


@cache
def _makes_its_own(func: Any) -> bool:  # noqa: ANN401 - torch's operations
    """Whether an operation makes new tensors, and neither changes one nor shows a part of it."""
    schema = func._schema
    return not schema.is_mutable and all(one.alias_info is None for one in (*schema.arguments, *schema.returns))


def _key(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Hashable:  # noqa: ANN401 - torch's operations
    """What decides the sizes of a result."""
    return (func, *map(_stated, args), *((name, _stated(value)) for name, value in kwargs.items()))


def _stated(value: Any) -> Hashable:  # noqa: ANN401 - an argument of any type
    if isinstance(value, Tensor):
        return _layout(value)
    if isinstance(value, list | tuple):
        return tuple(map(_stated, value))
    return type(value), value


def _layout(tensor: Tensor) -> _Layout:
    return tensor.shape, tensor.stride(), tensor.dtype


def _empty(layout: _Layout) -> Tensor:
    size, stride, dtype = layout
    return torch.empty_strided(size, stride, dtype=dtype, device="meta")
