"""Runs a model whose weights have no values (`torch.device("meta")`) on inputs that have some, such as tokens.

What is computed of values alone keeps them: where a text ends, how many tokens are needed. Where they meet a tensor
without values they give way to one without, so that the model runs as with weights, in no memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_unflatten


class ValuesGiveWay(TorchDispatchMode):
    """Within it, an operation on tensors with and without values makes one without."""

    def __torch_dispatch__(
        self,
        func: Any,  # noqa: ANN401 - torch's signature
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        """Runs one operation of torch."""
        given, structure = tree_flatten((args, kwargs or {}))
        if any(isinstance(value, Tensor) and value.is_meta for value in given):
            given = [value.to("meta") if isinstance(value, Tensor) else value for value in given]
            args, kwargs = tree_unflatten(given, structure)
        return func(*args, **(kwargs or {}))
