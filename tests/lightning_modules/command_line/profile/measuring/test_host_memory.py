from pathlib import Path

import pytest
import torch

from zsar.lightning_modules.command_line.profile.measuring import host_memory
from zsar.lightning_modules.command_line.profile.measuring.host_memory import PeakMemory

CPU = torch.device("cpu")
can_reset = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux alone forgets a peak")


@can_reset
def test_each_part_has_a_peak_of_its_own() -> None:
    memory = PeakMemory(CPU)
    large = torch.ones(50_000_000)  # 200 MB, touched
    first = memory.peaks()
    del large
    memory.restart()
    small = torch.ones(5_000_000)
    second = memory.peaks()
    assert small.numel()
    assert first["peak_device_mb"] is second["peak_device_mb"] is None
    assert first["above_start_mb"] is not None
    assert second["above_start_mb"] is not None
    assert first["above_start_mb"] > 190
    assert second["above_start_mb"] < first["above_start_mb"] - 100


def test_where_a_peak_cannot_be_forgotten_a_smaller_part_has_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    peaks = iter([100.0, 100.0, 150.0, 150.0, 150.0])
    monkeypatch.setattr(host_memory, "_CLEAR_REFS", tmp_path / "none" / "clear_refs")
    monkeypatch.setattr(
        host_memory, "peak_memory", lambda device: {"peak_device_mb": None, "peak_host_mb": next(peaks)}
    )
    memory = PeakMemory(CPU)  # 100 before
    assert memory.peaks()["peak_host_mb"] is None  # still 100: it may be of before
    assert memory.peaks()["peak_host_mb"] == 150.0
    memory.restart()
    assert memory.peaks() == {"peak_device_mb": None, "peak_host_mb": None, "above_start_mb": None}


@can_reset
def test_a_part_needs_the_same_after_another_that_left_freed_memory() -> None:
    def needed() -> tuple[float, torch.Tensor]:
        memory = PeakMemory(CPU)
        parts = [torch.ones(25_000) for _ in range(1_000)]  # 100 MB in pieces
        above = memory.peaks()["above_start_mb"]
        assert parts
        assert above is not None
        return above, torch.ones(25_000)  # above the pieces in the heap: glibc keeps these when they are freed

    first, kept = needed()
    second, _ = needed()
    assert kept.numel()
    assert min(first, second) > 95
