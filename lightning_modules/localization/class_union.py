"""The distinct classes of several sets: ten draws from twenty classes share the work on twenty classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from zsar.datamodules.batch import ClassText


class ClassUnion:
    """Classes by name and prompts, each once.

    Attributes:
        names: Names of the U distinct classes, in order of first appearance.
        features: Text features of their prompts, [U, P, V].
        members: For each set, the indices of its classes in the union, int64 [C], in the set's label order.
    """

    def __init__(self, texts: Sequence[ClassText], text_features: Callable[[Sequence[str]], Tensor]) -> None:
        """Collects the classes.

        Args:
            texts: The sets; a class of the same name and prompts in two of them is one class.
            text_features: N texts -> their features before the projection, [N, V].

        Raises:
            ValueError: Sets have different numbers of prompts per class.
        """
        if len({text.prompts_per_class for text in texts}) != 1:
            raise ValueError(
                "all sets must have the same number of prompts per class; got "
                f"{[text.prompts_per_class for text in texts]}"
            )
        places: dict[tuple[str, tuple[str, ...]], int] = {}
        of_sets = [
            [places.setdefault(named, len(places)) for named in zip(text.names, text.prompts, strict=True)]
            for text in texts
        ]
        self.names = tuple(name for name, _ in places)
        flat = text_features([prompt for _, prompts in places for prompt in prompts])
        self.features = flat.unflatten(0, (len(places), -1))
        self.members = [torch.tensor(members, device=flat.device) for members in of_sets]
