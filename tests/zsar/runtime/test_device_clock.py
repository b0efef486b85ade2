import time

import pytest
import torch

from zsar.runtime.device_clock import DeviceClock, device_seconds


def test_on_the_cpu_it_is_the_clock() -> None:
    before, now, after = time.perf_counter(), device_seconds("cpu"), time.perf_counter()
    assert before <= now <= after


def test_a_gpu_has_done_its_work_when_the_clock_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[object] = []
    monkeypatch.setattr(torch.cuda, "synchronize", events.append)
    monkeypatch.setattr(time, "perf_counter", lambda: events.append("read"))
    device_seconds("cuda:1")
    device_seconds(torch.device("cpu"))
    assert events == [torch.device("cuda:1"), "read", "read"]


def test_a_lap_lasts_from_the_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([1.0, 3.0, 7.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(times))
    clock = DeviceClock(torch.device("cpu"))
    assert (clock.lap(), clock.lap()) == (2.0, 4.0)
