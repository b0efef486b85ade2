"""One part of `benchmarks/gpu.sh`, in a process of its own: each case becomes a line of JSON as soon as it is done."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

import torch

from benchmarks.gpu import adapting, running, training
from benchmarks.gpu.setting import Figures, Part, Setting

PARTS: dict[str, Part] = {
    "t2l": training.t2l,
    "ap_clip": training.ap_clip,
    "tuning": adapting.tuning,
    "t3al": adapting.t3al,
    "extraction": running.extraction,
    "ddp": running.ddp,
    "late_interaction": running.late_interaction,
}


def main() -> None:
    """Runs the part; a case that fails is a line with its error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--device", required=True)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--lines", type=Path, required=True, help="where the lines are appended")
    options = parser.parse_args()
    del sys.argv[1:]  # Lightning warns of arguments that are not for it
    run_part(options.part, PARTS[options.part], Setting(options.device, options.small), options.lines)


def run_part(name: str, part: Part, setting: Setting, lines: Path) -> None:
    """Runs all cases of a part.

    Args:
        name: Its name.
        part: Its cases.
        setting: Where, and how large.
        lines: The file of lines.
    """
    for case, measure in part(setting):
        began, error, figures = time.perf_counter(), None, Figures("")
        print(f"-- {name}: {case}", flush=True)
        try:
            figures = measure()
        except (Exception, SystemExit) as raised:  # whatever it is, the other cases run
            error = f"{type(raised).__name__}: {' '.join(str(raised).split())[:400]}"
        seconds = round(time.perf_counter() - began, 1)
        line = {"part": name, "case": case, **asdict(figures), "seconds": seconds, "error": error}
        with lines.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
