"""`make fuzz`: thousands of mutated videos and text files, a table of what came of them, and the files that failed.

python -m tests.fuzz [--video 5000] [--text 5000] [--seed 0] [--jobs 2] [--only NAME] [--output runs/fuzz]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.families import FAMILIES
from tests.fuzz.harness import cases, run_cases
from tests.fuzz.outcomes import READ, REFUSED, Outcome
from tests.fuzz.worker import case_bytes


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the cases; 1 where there are faults.

    Args:
        arguments: The command line after `python -m tests.fuzz`; None for the real one.
    """
    options = _options(arguments)
    outcomes: dict[str, list[Outcome]] = {}
    for family, n in (("video", options.video), ("text", options.text)):
        with tempfile.TemporaryDirectory(prefix="zsar-fuzz-") as folder:
            seeds = Path(folder)
            FAMILIES[family].write_seeds(seeds)
            wanted = cases(family, n, first=options.first)
            if options.only is not None:
                wanted = [case for case in wanted if case[0] == options.only]
            begun, outcomes[family] = time.perf_counter(), []
            for outcome in run_cases(family, wanted, seeds, seed=options.seed, n_jobs=options.jobs):
                outcomes[family].append(outcome)
                if outcome.is_fault:
                    _keep(options.output / family, outcome, case_bytes(family, seeds, options.seed, *_case(outcome)))
            if wanted:
                seconds = time.perf_counter() - begun
                print(f"\n{len(wanted):,} {family} cases, seed {options.seed}, in {seconds:.0f} s")
                _print_table(outcomes[family])
    n_faults = sum(outcome.is_fault for some in outcomes.values() for outcome in some)
    print(f"\n{n_faults:,} faults" + (f"; the files are in {options.output}" if n_faults else ""))
    return 1 if n_faults else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Mutated files for all readers.")
    parser.add_argument("--video", type=_count, default=5_000, metavar="N", help="mutated videos")
    parser.add_argument("--text", type=_count, default=5_000, metavar="N", help="mutated text files")
    parser.add_argument(
        "--first", type=_count, default=0, metavar="NUMBER", help="the number that each file begins with"
    )
    names = [name for family in FAMILIES.values() for name in family.names]
    parser.add_argument("--only", metavar="NAME", choices=names, help="mutations of this sound file only")
    parser.add_argument("--seed", type=int, default=0, help="seed of all mutations")
    parser.add_argument("--jobs", type=_count, default=2, metavar="N", help="processes")
    parser.add_argument("--output", type=Path, default=Path("runs/fuzz"), help="folder of the files that failed")
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error("--jobs 0: give 1 or more")
    return options


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{number} is below 0")
    return number


def _case(outcome: Outcome) -> tuple[str, int]:
    return outcome.seed_name, outcome.number


def _keep(folder: Path, outcome: Outcome, content: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    stem, _, suffix = outcome.seed_name.rpartition(".")
    path = folder / f"{stem}-{outcome.number}.{suffix}"
    path.write_bytes(content)
    line = f"{outcome.kind}: {outcome.detail}"
    path.with_name(path.name + ".txt").write_text(line + "\n", encoding="utf-8", errors="backslashreplace")
    print(f"{path}: {line[:300].encode(errors='backslashreplace').decode()}", flush=True)


def _print_table(outcomes: Sequence[Outcome]) -> None:
    """Counts by sound file and outcome, the slowest case, and the one with most memory."""
    counts = Counter((outcome.seed_name, outcome.kind) for outcome in outcomes)
    names = list(dict.fromkeys(outcome.seed_name for outcome in outcomes))
    kinds = [READ, REFUSED, *sorted({kind for _, kind in counts} - {READ, REFUSED})]
    width = max(len(name) for name in [*names, "all"])
    print(" " * width, *(f"{kind:>12}" for kind in kinds), f"{'slowest (s)':>12}", f"{'most (MB)':>12}")
    for name in [*sorted(names), "all"]:
        some = [outcome for outcome in outcomes if name in (outcome.seed_name, "all")]
        numbers = [sum(outcome.kind == kind for outcome in some) for kind in kinds]
        slowest, most = max(o.seconds for o in some), max(o.peak_mb for o in some)
        print(f"{name:<{width}}", *(f"{number:>12,}" for number in numbers), f"{slowest:>12.1f}", f"{most:>12,}")


if __name__ == "__main__":
    raise SystemExit(main())
