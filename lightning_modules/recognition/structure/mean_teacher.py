"""MeanTeacher: a moving average of a model's trained weights, which embeds what the model embeds, without gradient.

Before each update of the weights theta, with momentum beta:

    theta' = beta theta' + (1 - beta) theta

so that in an update the teacher has seen the weights before it, not after. Only what is trained has an average; what is
frozen is shared with the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.func import functional_call

from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError
from zsar.lightning_modules.tensor_files.tensor_files import some_names

T = TypeVar("T")


class MeanTeacher:
    """The average, by name of parameter, at least float32: half precision would lose the small updates.

    Attributes:
        values: Name -> value.
        step: The last update of the weights before which the average was moved; -1 before the first.
    """

    def __init__(self, model: nn.Module, *, left_out: str | None = None) -> None:
        """Starts as the model is.

        Args:
            model: The model, before training.
            left_out: A part of the model that the teacher does without, by its name; None for no part.
        """
        self.values = {
            name: _at_least_single(parameter.detach()).clone()
            for name, parameter in model.named_parameters()
            if parameter.requires_grad and (left_out is None or not name.startswith(f"{left_out}."))
        }
        self.step = -1

    def follow(self, model: nn.Module, *, momentum: float, step: int) -> None:
        """Moves the average towards the model's weights, once for each update.

        Batches whose gradients are accumulated are of one update; so is one that is repeated in a resumed training.
        Where the scaler of 16-mixed skips an update, the next one finds the same weights.

        Args:
            model: The model.
            momentum: beta.
            step: The number of updates so far.
        """
        if step == self.step:
            return
        for name, before in self.values.items():
            parameter = model.get_parameter(name).detach()
            value = before.to(parameter.device)
            self.values[name] = value.lerp_(parameter.to(value.dtype), 1 - momentum)
        self.step = step

    def run(self, model: nn.Module, embed: Callable[[], T]) -> T:
        """Runs a function while the model has the average for its weights, is in evaluation mode, and has no gradient.

        The model's own weights are not touched: a graph on them stays valid.

        Args:
            model: The model.
            embed: Calls the model.

        Returns:
            What it returns.
        """
        weights = {f"model.{name}": value.to(model.get_parameter(name)) for name, value in self.values.items()}
        with torch.no_grad(), _evaluating(model):
            found: T = functional_call(_Around(model, embed), weights, ())
        return found

    def state_dict(self) -> dict[str, Any]:
        """The average as tensors and plain types."""
        return {"values": dict(self.values), "step": self.step}

    def load_state_dict(self, state: Mapping[str, Any], *, path: object) -> None:
        """Restores what `state_dict` returned.

        Args:
            state: What it returned.
            path: The checkpoint, for the message.

        Raises:
            CheckpointError: It is of other weights.
        """
        values, step = state.get("values"), state.get("step")
        if not isinstance(values, Mapping) or not isinstance(step, int) or isinstance(step, bool):
            raise CheckpointError(f"{path} is damaged: its teacher is incomplete; copy it again, or train again")
        differing = sorted(values.keys() ^ self.values.keys()) or [
            name for name, value in self.values.items() if getattr(values[name], "shape", None) != value.shape
        ]
        if differing:
            raise CheckpointError(
                f"{path} has a teacher of other weights than are trained here ({some_names(differing)}); resume with "
                "the settings with which the training began"
            )
        self.values = {name: values[name].to(value).clone() for name, value in self.values.items()}
        self.step = step


class _Around(nn.Module):
    """Makes any call of a model one that `functional_call` can make with other weights."""

    def __init__(self, model: nn.Module, embed: Callable[[], T]) -> None:
        super().__init__()
        self.model, self.embed = model, embed

    def forward(self) -> Any:  # noqa: ANN401 - what the call returns
        return self.embed()


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Within it all parts are in evaluation mode; afterwards each is in the mode that it was in."""
    training = [module for module in model.modules() if module.training]
    for module in training:
        module.training = False
    try:
        yield
    finally:
        for module in training:
            module.training = True


def _at_least_single(values: Tensor) -> Tensor:
    return values.to(torch.promote_types(values.dtype, torch.float32))
