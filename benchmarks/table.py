"""`make bench`: runs all benchmarks beside this file and prints their rows as one table.

    python benchmarks/table.py [SCRIPT ...] [--quick] [--output FOLDER]

Each script prints its own figures while it runs. The table, with machine, versions and date, is printed at the end and
written as bench.md and bench.json into FOLDER (default: runs/bench). A script that fails is a row with its error; the
others still run, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.rows import Row, bench_table, read_rows  # noqa: E402
from zsar.lightning_modules.command_line.profile.machine import machine_record, versions_record  # noqa: E402
from zsar.lightning_modules.command_line.summarize.report_table import markdown_text  # noqa: E402
from zsar.runtime.files.whole_files import write_json_whole, write_text_whole  # noqa: E402

FOLDER = Path(__file__).resolve().parent


def scripts() -> dict[str, Path]:
    """The benchmarks by the name that the command line takes: "decoding" for bench_decoding.py."""
    return {path.stem.removeprefix("bench_"): path for path in sorted(FOLDER.glob("bench_*.py"))}


def run_script(script: Path, *, quick: bool) -> list[Row]:
    """Runs a benchmark, whose output is shown as it comes.

    Args:
        script: The file.
        quick: Whether sizes are tiny.

    Returns:
        Its rows; of one that fails, a row with its last line.
    """
    print(f"== {script.name}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.json"
        command = [sys.executable, str(script), "--rows", str(file), *(["--quick"] if quick else [])]
        paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, "PYTHONPATH": paths, "PYTHONUNBUFFERED": "1"},
        ) as process:
            assert process.stdout is not None
            last = _shown(process.stdout)
        print(f"   {time.monotonic() - began:.0f} s", flush=True)
        try:
            rows = read_rows(file)
        except (OSError, ValueError) as error:
            rows, last = [], last if process.returncode else str(error)
    if process.returncode or not rows:
        what = f"{script.name} fails with exit code {process.returncode}"
        rows.append(Row(what=what, unit="error", note=_in_a_cell(last or "it wrote no rows")))
    return rows


def _shown(lines: Iterable[str]) -> str:
    """Prints lines as they come; returns the last that says something."""
    last = deque([""], maxlen=1)
    for line in lines:
        print(line, end="", flush=True)
        if line.strip():
            last.append(line.strip())
    return last[0]


def _in_a_cell(text: str) -> str:
    return " ".join(text.replace("|", "/").split())[:160]


def machine_title(when: str, machine: Mapping[str, Any], versions: Mapping[str, str]) -> str:
    """A line on the machine, the versions and the date.

    Args:
        when: The date.
        machine: As `machine_record` gives it.
        versions: As `versions_record` gives them.
    """
    on = f"{machine['cpu']}, {machine['processors']} cores, {machine['threads']} threads"
    gpu = f", {machine['gpu']}" if machine["gpu"] else ""
    of = ", ".join(f"{name} {version}" for name, version in versions.items())
    return f"{when}, {on}{gpu}, load {os.getloadavg()[0]:.1f}; {of}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs, prints and writes; returns the exit code."""
    known = scripts()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scripts", nargs="*", metavar="SCRIPT", help=f"{', '.join(known)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, which show that everything runs")
    parser.add_argument("--output", type=Path, default=ROOT / "runs" / "bench", metavar="FOLDER")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.scripts if name not in known]:
        parser.error(f"there is no benchmark {unknown[0]}; it is one of {', '.join(known)}")
    when = datetime.now(timezone.utc).isoformat(timespec="seconds")
    machine, versions = machine_record(torch.device("cuda" if torch.cuda.is_available() else "cpu")), versions_record()
    title = machine_title(when, machine, versions)
    rows: dict[str, list[Row]] = {}
    for name in options.scripts or known:
        rows[name] = run_script(known[name], quick=options.quick)
    table = bench_table([row for of_script in rows.values() for row in of_script], title=title)
    text = markdown_text([table])
    print(f"\n{text}")
    record = {
        "zsar_bench": 1,
        "date": when,
        "quick": options.quick,
        "machine": machine,
        "versions": versions,
        "rows": [{"script": name, **asdict(row), "ratio": row.ratio} for name, of in rows.items() for row in of],
    }
    written = [
        write_text_whole(options.output / "bench.md", text),
        write_json_whole(options.output / "bench.json", record),
    ]
    print(f"wrote {' and '.join(map(str, written))}")
    return int(any(row.unit == "error" for of_script in rows.values() for row in of_script))


if __name__ == "__main__":
    sys.exit(main())
