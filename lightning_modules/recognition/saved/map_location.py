"""Lightning's argument `map_location`, for a model that lies on one device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

MapLocation = (
    torch.device
    | str
    | int
    | Callable[[torch.UntypedStorage, str], torch.UntypedStorage | None]
    | dict[torch.device | str | int, torch.device | str | int]
    | None
)


def device_of(map_location: MapLocation) -> torch.device:
    """The device that a model is loaded onto; its file is always read on the CPU first.

    Args:
        map_location: A device; a function of torch.load, which is asked where it takes a tensor of the CPU; a mapping,
            all of whose devices become the same; or None for the CPU.

    Raises:
        ValueError: It names several devices, or one that is not there.
    """
    try:
        device = _named(map_location)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        problem = str(error).partition("\n")[0]
        raise ValueError(
            f"map_location={map_location!r} is no device of this machine ({problem}); give 'cpu', or leave it out"
        ) from error
    return device


def _named(map_location: Any) -> torch.device:  # noqa: ANN401 - one of `MapLocation`
    if map_location is None:
        return torch.device("cpu")
    if isinstance(map_location, dict):
        devices = {torch.device(device) for device in map_location.values()}
        if len(devices) != 1:
            named = ", ".join(sorted(map(str, devices))) or "none"
            raise ValueError(f"a model is loaded onto one device; map_location names {named}: give one, such as 'cpu'")
        return devices.pop()
    if callable(map_location):
        storage = map_location(torch.empty(1).untyped_storage(), "cpu")
        return torch.device("cpu") if storage is None else torch.device(storage.device)
    return torch.device(map_location)
