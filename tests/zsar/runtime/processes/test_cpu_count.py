import os

import pytest

from zsar.runtime.processes.cpu_count import cpu_count


def test_the_processors_are_those_that_the_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5, 9}, raising=False)
    assert cpu_count() == 3


def test_where_the_system_does_not_say_they_are_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    assert cpu_count() == 64
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cpu_count() == 1
