"""MeanTeacher: an exponential moving average of a model's trained weights, which runs the model without gradient.

Before each update of the weights theta, with momentum beta:

    theta' = beta theta' + (1 - beta) theta

So the teacher of a step includes the weights before that step's update. Frozen weights are shared with the model.
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
        step: The optimizer step of the last update of the average; -1 before the first.
    """

    def __init__(self, model: nn.Module, *, left_out: str | None = None) -> None:
        """Starts as the model is.

        Args:
            model: The model, before training.
            left_out: Name of a part of the model that is not averaged; None to average all that is trained.
        """
        self.values = {
            name: at_least_single(parameter.detach()).clone()
            for name, parameter in model.named_parameters()
            if parameter.requires_grad and (left_out is None or not name.startswith(f"{left_out}."))
        }
        self.step = -1

    def follow(self, model: nn.Module, *, momentum: float, step: int) -> None:
        """Updates the average, once per optimizer step; further calls of the same step do nothing.

        So batches whose gradients are accumulated share a teacher, and batches that a resumed training repeats do not
        update it twice. If the scaler of 16-mixed skips a step, the weights of the next one are simply the same.

        Args:
            model: The model.
            momentum: beta.
            step: The number of optimizer steps so far.
        """
        if step == self.step:
            return
        for name, before in self.values.items():
            parameter = model.get_parameter(name).detach()
            value = before.to(parameter.device)
            self.values[name] = value.lerp_(parameter.to(value.dtype), 1 - momentum)
        self.step = step

    def run(self, model: nn.Module, embed: Callable[[], T]) -> T:
        """Runs a function with the average as the model's weights, in evaluation mode and without gradient.

        The model's own weights are not modified, so that graphs on them stay valid.

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
    """Wraps a function that calls the model, as `functional_call` needs a module."""

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


def at_least_single(values: Tensor) -> Tensor:
    """The values in float32 or, if they are float64, as they are."""
    return values.to(torch.promote_types(values.dtype, torch.float32))
