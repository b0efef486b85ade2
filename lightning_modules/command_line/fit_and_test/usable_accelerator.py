"""Checks that this machine has the requested devices, before data and weights are read."""

from __future__ import annotations

import torch

from zsar.runtime.processes.cpu_count import cpu_count

_GPUS = ("gpu", "cuda", "mps")
_FEW = 2  # processes, always allowed, to try out a distributed run


def check_accelerator(accelerator: object, devices: object) -> None:
    """Checks that the requested GPUs exist, and that CPU processes do not outnumber the processors.

    Args:
        accelerator: The setting `trainer.accelerator`. Only GPUs and the CPU are checked.
        devices: The setting `trainer.devices`: a number, -1 or "auto" for all, or device indices, as a list or as
            "0,1".

    Raises:
        ValueError: There is no such accelerator, or there are fewer devices.
    """
    if accelerator not in (*_GPUS, "auto", "cpu"):
        return
    n_there = 0 if accelerator == "cpu" else _n_gpus(str(accelerator))
    if n_there == 0 and accelerator in ("auto", "cpu"):
        _check_processes(devices)
    elif n_there == 0:
        raise ValueError(
            f"trainer.accelerator is {accelerator}, but PyTorch {torch.__version__} finds no such device on this "
            "machine; to run on the CPU: --trainer configs/trainer/cpu.yaml"
        )
    n_needed = _n_needed(devices)
    if n_there and n_needed > n_there:
        there = "1 GPU" if n_there == 1 else f"{n_there} GPUs"
        raise ValueError(
            f"trainer.devices is {devices}, but this machine has {there}; give --trainer.devices "
            f"{n_there}; data.loading.batch_size is per device"
        )


def _check_processes(devices: object) -> None:
    """Limits CPU processes: each holds its own model and imports, so too many would stall a machine."""
    n_needed, most = _n_needed(devices), max(cpu_count(), _FEW)
    if n_needed > most:
        raise ValueError(
            f"trainer.devices is {devices}, but on the CPU each is a process of its own, and this machine has "
            f"{cpu_count()} processors; give --trainer.devices 1, or at most {most}"
        )


def _n_gpus(accelerator: str) -> int:
    n_cuda = 0 if accelerator == "mps" else torch.cuda.device_count()
    return n_cuda or int(accelerator != "cuda" and torch.backends.mps.is_available())


def _n_needed(devices: object) -> int:
    """Number of devices that a setting needs; for device indices, one more than the highest."""
    if isinstance(devices, str) and "," in devices:
        devices = [int(number) for number in devices.split(",") if number.strip()]
    if isinstance(devices, (list, tuple)):
        return max((int(number) + 1 for number in devices), default=0)
    return 0 if devices in (None, "auto") else int(str(devices))
