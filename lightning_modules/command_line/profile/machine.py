"""The machine that a profile is of, and the versions of what ran on it."""

from __future__ import annotations

import platform
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from zsar.runtime.code_version import code_version
from zsar.runtime.processes.cpu_count import cpu_count

_CPU_FILE = Path("/proc/cpuinfo")
_PACKAGES = ("torch", "lightning", "open_clip_torch", "av")


def machine_record(device: torch.device) -> dict[str, Any]:
    """Names and numbers of processor, memory and GPU.

    Args:
        device: Where the models run.
    """
    gpu = torch.cuda.get_device_properties(device) if device.type == "cuda" else None
    return {
        "device": str(device),
        "cpu": cpu_name(),
        "processors": cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": None if gpu is None else gpu.name,
        "gpu_memory_mb": None if gpu is None else round(gpu.total_memory / 1e6),
        "system": platform.platform(),
    }


def versions_record() -> dict[str, str]:
    """Versions of zsar, Python and the packages that do the work."""
    packages = {name: version(name) for name in _PACKAGES}
    return {"zsar": code_version(), "python": platform.python_version(), **packages}


def cpu_name(file: Path = _CPU_FILE) -> str:
    """The processor's name; the architecture where the system does not tell it.

    Args:
        file: Where Linux tells it.
    """
    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    named = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return " ".join(named[1].split()) if named else platform.processor() or platform.machine()
