"""The different classes of several sets: ten draws from twenty classes have twenty, and share what is known of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from zsar.datamodules.batch import ClassText


class ClassUnion:
    """Classes by name and prompts, each once.

    Attributes:
        names: Names of the U different classes, in order of first appearance.
        features: Text features of their prompts, [U, P, V].
        members: For each set, the places of its classes among the U, int64 [C], in the set's label order.
    """

    def __init__(self, texts: Sequence[ClassText], text_features: Callable[[Sequence[str]], Tensor]) -> None:
        """Collects the classes.

        Args:
            texts: The sets; a class of the same name and prompts in two of them is one class.
            text_features: N texts -> their features before the projection, [N, V].

        Raises:
            ValueError: Sets differ in the number of prompts of a class.
        """
        if len({text.prompts_per_class for text in texts}) != 1:
            raise ValueError(
                f"all sets must have as many prompts for a class; got {[text.prompts_per_class for text in texts]}"
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
