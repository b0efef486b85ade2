"""A process that tries mutated files one after another, told by its parent which, within limits of memory.

    python -m tests.fuzz.worker FAMILY SEEDS SEED SECONDS

Each line of its input is a sound file's name and the number of a mutation; each line of its output is the outcome. A
case that takes too much processor time ends the process by SIGPROF; so does a parent that waits too long. Where it was
is then on its standard error.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
import warnings
from dataclasses import asdict
from pathlib import Path

from tests.fuzz.families import ALL_FAMILIES
from tests.fuzz.outcomes import Outcome

MOST_MB = 1024
"""Memory that a case may take, beyond what the process with all its imports has."""

_ROOM_BYTES = 3 * 2**30  # more than is allowed, so that what is too much is measured and the machine still lives


def case_bytes(family: str, seeds: Path, seed: int, name: str, number: int) -> bytes:
    """The mutated file of a number: the same each time.

    Args:
        family: "video" or "text".
        seeds: The folder of sound files.
        seed: Seed of the run.
        name: The sound file.
        number: Which mutation.
    """
    draw = random.Random(f"{seed}/{family}/{name}/{number}")
    return ALL_FAMILIES[family].mutate(name, (seeds / name).read_bytes(), draw)


def main() -> None:
    """Tries cases until the input ends."""
    family, seeds, seed = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    most_seconds = float(sys.argv[4])  # of the processor's: what else the machine does is not the file's fault
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever libraries print is noise
    faulthandler.enable()
    faulthandler.register(signal.SIGPROF, chain=True)
    warnings.simplefilter("always")  # a warning each time it is given
    _limit_memory()
    with tempfile.TemporaryDirectory(prefix="zsar-fuzz-") as folder:
        sound_name = next(iter(ALL_FAMILIES[family].names))
        if family != "promises":  # of which none is sound
            _try_one(family, seeds, seed, sound_name, None, Path(folder))  # what is set up once is no part of a case
        gc.collect()
        gc.freeze()  # what was imported stays, and need not be looked through after each case
        answers.write("ready\n")
        answers.flush()
        for line in sys.stdin:
            name, number = line.rsplit(maxsplit=1)
            signal.setitimer(signal.ITIMER_PROF, most_seconds)
            outcome = _try_one(family, seeds, seed, name, int(number), Path(folder))
            signal.setitimer(signal.ITIMER_PROF, 0)
            answers.write(json.dumps(asdict(outcome)) + "\n")
            answers.flush()


def _try_one(family: str, seeds: Path, seed: int, name: str, number: int | None, folder: Path) -> Outcome:
    """One case; without a number the sound file itself."""
    sound = number is None
    content = (seeds / name).read_bytes() if number is None else case_bytes(family, seeds, seed, name, number)
    path = folder / name
    path.write_bytes(content)
    gc.collect()
    descriptors, noise = _open_files(), _said()
    before_mb = _forget_peak()
    begun = time.process_time()
    kind, detail = ALL_FAMILIES[family].exercise(name, path, number or 0)
    seconds, peak_mb = time.process_time() - begun, _peak_mb() - before_mb
    gc.collect()
    path.unlink(missing_ok=True)
    if not sound and kind in ("read", "refused"):
        left = _open_files() - descriptors
        if peak_mb > MOST_MB:
            kind, detail = "memory", f"{peak_mb} MB; {detail}"
        elif left:
            kind, detail = "descriptors", f"left open: {sorted(left)}; {detail}"
        elif _said() > noise:
            kind, detail = "noise", f"something is printed or warned of; {detail}"
    return Outcome(name, number or 0, kind, detail, round(seconds, 3), peak_mb)


def _limit_memory() -> None:
    taken = int(_status("VmData")) * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (taken + _ROOM_BYTES, taken + _ROOM_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _open_files() -> set[str]:
    here = []
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            here.append(f"{descriptor} {os.readlink(f'/proc/self/fd/{descriptor}')}")
        except OSError:  # the one of the list itself
            continue
    return set(here)


def _said() -> int:
    """How much was written to standard error, which is a file."""
    sys.stderr.flush()
    return os.fstat(2).st_size


def _forget_peak() -> int:
    """Begins to measure memory again; what there is now, in MiB."""
    Path("/proc/self/clear_refs").write_text("5")
    return _peak_mb()


def _peak_mb() -> int:
    return int(_status("VmHWM")) // 1024


def _status(name: str) -> str:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    main()
