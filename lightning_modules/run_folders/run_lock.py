"""The lock of a run folder: one run at a time writes into it; a killed run releases it.

Only the first process of a run takes it. Processes that it starts or forks (decoding workers, other processes of a
distributed run) do not hold it, so the lock ends with the run and not with the last of them.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LOCK_NAME = ".zsar.lock"
_TAKEN = (errno.EWOULDBLOCK, errno.EACCES)
# Launchers' variables for the rank of a process or machine: unset or 0 in the first process.
_RANKS = ("RANK", "LOCAL_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK", "NODE_RANK", "GROUP_RANK")
_held: set[int] = set()


def is_first_process() -> bool:
    """Whether this process is the first, or the only one, of its run."""
    return all(os.environ.get(name, "0") == "0" for name in _RANKS)


@contextmanager
def locked(folder: Path, *, option: str = "--run_dir") -> Iterator[None]:
    """Locks a run folder, or that of a sweep, against other runs.

    Args:
        folder: The run folder; created if missing, and removed again if nothing was written into it.
        option: The option that chooses another folder, for the error.

    Raises:
        ValueError: Another run is writing into the folder.
    """
    if not is_first_process():
        yield
        return
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    handle = _lock(folder, option)
    try:
        yield
    finally:
        if handle in _held:  # not in a forked process
            (folder / LOCK_NAME).unlink(missing_ok=True)  # before the lock ends, so that no other run's is removed
            _held.discard(handle)
            os.close(handle)
        if is_new:
            with suppress(OSError):  # not empty
                folder.rmdir()


def _lock(folder: Path, option: str) -> int:
    """Opens and locks the file."""
    path = folder / LOCK_NAME
    while True:
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o666)
        try:
            if fcntl is not None:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _TAKEN:
                os.close(handle)
                raise ValueError(
                    f"another run is writing into {folder}; wait until it ends, or give another {option}"
                ) from None
            # a file system without locks: the folder is used unlocked
        if _is_at(handle, path):
            _held.add(handle)
            return handle
        os.close(handle)  # the run that held it has ended and removed the file


def _is_at(handle: int, path: Path) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(handle), path.stat())
    return False


def _let_go() -> None:
    """In a forked process: the lock belongs to the parent."""
    while _held:
        os.close(_held.pop())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)
