"""The death of a worker is raised where the next item is asked for, however long after it."""

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest
from torch.utils.data import DataLoader, IterableDataset

from zsar.runtime.processes.deferred_deaths import deaths_when_asked


class _Dying(IterableDataset[int]):
    """Two items, then the death of the process."""

    def __iter__(self) -> Iterator[int]:
        yield 0
        yield 1
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGKILL)


class _Died(RuntimeError):
    pass


def _raising(*_: object) -> None:
    raise _Died


@pytest.fixture
def raising_handler() -> Iterator[None]:
    before = signal.signal(signal.SIGCHLD, _raising)
    yield
    signal.signal(signal.SIGCHLD, before)


def _signal() -> None:
    os.kill(os.getpid(), signal.SIGCHLD)


@pytest.mark.usefixtures("raising_handler")
def test_a_signal_between_items_waits_for_the_next() -> None:
    items = deaths_when_asked(lambda: iter([1, 2]))
    assert next(items) == 1
    _signal()  # raises nothing here
    with pytest.raises(_Died):
        next(items)
    with pytest.raises(_Died):  # the handler is back
        _signal()


@pytest.mark.usefixtures("raising_handler")
def test_a_signal_while_an_item_is_awaited_is_raised_there() -> None:
    def signalling() -> Iterator[int]:
        yield 1
        _signal()
        yield 2

    items = deaths_when_asked(signalling)
    assert next(items) == 1
    with pytest.raises(_Died):
        next(items)


@pytest.mark.usefixtures("raising_handler")
def test_the_processes_end_before_the_handler_is_back() -> None:
    class Ending:
        def __iter__(self) -> "Ending":
            return self

        def __next__(self) -> int:
            return 1

        def __del__(self) -> None:
            _signal()  # as a loader's processes, when it ends them

    items = deaths_when_asked(Ending)
    assert next(items) == 1
    items.close()  # type: ignore[attr-defined] # it is a generator
    assert signal.getsignal(signal.SIGCHLD) is _raising


@pytest.mark.usefixtures("raising_handler")
def test_streams_that_end_in_any_order_lose_no_signal() -> None:
    first, second = (deaths_when_asked(lambda: iter([1, 2, 3])) for _ in range(2))
    assert (next(first), next(second)) == (1, 1)
    assert list(first) == [2, 3]
    _signal()
    with pytest.raises(_Died):
        next(second)
    with pytest.raises(_Died):
        _signal()


def test_items_pass_outside_the_main_thread() -> None:
    got: list[int] = []
    thread = threading.Thread(target=lambda: got.extend(deaths_when_asked(lambda: iter([1, 2]))))
    thread.start()
    thread.join()
    assert got == [1, 2]


@pytest.mark.slow
def test_the_death_of_a_worker_of_torch_is_raised_by_the_loader_alone() -> None:
    loader = DataLoader(_Dying(), batch_size=None, num_workers=1)
    items = deaths_when_asked(lambda: iter(loader))
    assert next(items) == 0
    until = time.monotonic() + 2
    while time.monotonic() < until:  # the worker dies meanwhile
        sum(range(1000))
    with pytest.raises(RuntimeError, match="DataLoader worker"):
        list(items)
