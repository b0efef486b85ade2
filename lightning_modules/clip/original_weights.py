"""Weights between the original ones of CLIP and the tuned ones, put into a model for a while.

Two conventions of the share are in use: WiSE-FT's alpha counts the tuned weights, Open-VCLIP's ratios the original
ones. Here a share is always of the original weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn import Module, Parameter


class OriginalWeights:
    """The original values of the parameters of a model that are trained when this is built.

    Attributes:
        values: Name -> value, as it was when this was built; empty if they are not kept.
    """

    def __init__(self, model: Module, *, keeps: bool) -> None:
        """Copies the parameters.

        Args:
            model: The model, with its original weights.
            keeps: Whether they are needed; if not, nothing is copied, and nothing can be mixed.
        """
        self._model = model
        self._names = {name for name, p in model.named_parameters() if p.requires_grad}
        self.values = self._copies() if keeps else {}

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The parameters of the model, by name, without those that were added later."""
        return {name: p for name, p in self._model.named_parameters() if name in self._names}

    def mix(self, share: float) -> dict[str, Tensor]:
        """Moves the parameters towards their original values, in place, until `put` puts the tuned ones back.

        Args:
            share: Share of the original values, from 0 to 1.

        Returns:
            Copies of the values before, by name.
        """
        tuned = self._copies()
        self.put({name: torch.lerp(self.values[name].to(v), v, 1 - share) for name, v in tuned.items()})
        return tuned

    def put(self, values: Mapping[str, Tensor]) -> None:
        """Gives the parameters these values, by name.

        Within an autocast region, torch keeps the 16-bit copy of a parameter that it made first, whatever the parameter
        has become since; so the copies are dropped.
        """
        with torch.no_grad():
            for name, value in values.items():
                self._model.get_parameter(name).copy_(value)
        torch.clear_autocast_cache()

    @contextmanager
    def mixed(self, share: float) -> Iterator[None]:
        """Within it the parameters are between their values and the original ones; afterwards as before, to the bit.

        Args:
            share: Share of the original values, from 0 to 1.
        """
        for name, parameter in self.parameters.items():
            self.values[name] = self.values[name].to(parameter.device)  # once, as training does this in every step
        tuned = self.mix(share)
        try:
            yield
        finally:
            self.put(tuned)

    def _copies(self) -> dict[str, Tensor]:
        return {name: p.detach().clone() for name, p in self.parameters.items()}
