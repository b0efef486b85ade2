"""All parts of `benchmarks/gpu.sh`, one after another, each with its time; a Markdown table, and results.json."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from zsar.lightning_modules.command_line.profile.machine import machine_record, versions_record
from zsar.runtime.files.whole_files import write_json_whole, write_text_whole

BUDGET_SECONDS = {  # 455 s in all
    "t2l": 130,
    "ap_clip": 85,
    "tuning": 110,
    "t3al": 45,
    "extraction": 35,
    "ddp": 30,
    "late_interaction": 20,
}
_SECONDS_TO_STOP = 3


def main() -> int:
    """Runs the parts.

    Returns:
        0, or 1 if a row failed.
    """
    parser = argparse.ArgumentParser(prog="sh benchmarks/gpu.sh", description="What zsar does on one GPU.")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--small", action="store_true", help="tiny models and short inputs, to try the script")
    parser.add_argument("--parts", nargs="+", choices=BUDGET_SECONDS, default=list(BUDGET_SECONDS))
    parser.add_argument("--budget", type=float, default=1.0, help="multiplies the seconds that each part may take")
    parser.add_argument("--output", type=Path, required=True, help="the folder of results.json and table.md")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.error("there is no CUDA GPU here; --device cpu --small tries the script without one")
    if options.device == "cpu" and not options.small:
        parser.error("ViT-B/16 at published batch sizes takes hours on a CPU; add --small")
    machine = machine_record(torch.device(options.device))
    rows = []
    for part in options.parts:
        rows += rows_of(part, options.device, small=options.small, seconds=options.budget * BUDGET_SECONDS[part])
    table = "\n".join(table_lines(rows, machine))
    results = {"date": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "machine": machine, "versions": versions_record()}
    options.output.mkdir(parents=True, exist_ok=True)
    write_json_whole(options.output / "results.json", {**results, "small": options.small, "rows": rows})
    write_text_whole(options.output / "table.md", f"{table}\n")
    print(table)
    return int(any(row["error"] for row in rows))


def rows_of(part: str, device: str, *, small: bool, seconds: float) -> list[dict[str, Any]]:
    """Runs a part in a process of its own.

    Args:
        part: Its name.
        device: "cuda" or "cpu".
        small: On tiny models.
        seconds: Its budget; then it is stopped, and what it had measured remains.

    Returns:
        A row for each case, and one with an error where the process itself failed.
    """
    with tempfile.TemporaryDirectory(prefix="zsar-") as folder:
        lines = Path(folder) / "lines.json"
        command = [sys.executable, "-m", "benchmarks.gpu.one_part", part, "--device", device, "--lines", str(lines)]
        began = time.perf_counter()
        with (Path(folder) / "printed.txt").open("w+", encoding="utf-8", errors="replace") as printed:
            problem = _run(command + ["--small"] * small, printed, seconds)
            printed.seek(0)
            last = " ".join(printed.read().split())[-300:]
        took = round(time.perf_counter() - began, 1)
        text = lines.read_text(encoding="utf-8") if lines.is_file() else ""
    rows = [json.loads(line) for line in text.splitlines()]
    if problem:
        empty = {"rate": "", "peak_mb": None, "notes": "", "record": {}}
        rows.append({"part": part, "case": "(the rest)", **empty, "seconds": took, "error": f"{problem}: ... {last}"})
    return rows


def _run(command: list[str], printed: Any, seconds: float) -> str | None:  # noqa: ANN401 - an open file
    """Runs a command, and ends it and all that it started when its time is up; says what went wrong."""
    process = subprocess.Popen(command, stdout=printed, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        code = process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        _end(process)
        return f"stopped after {seconds:.0f} s"
    except BaseException:
        _end(process)
        raise
    return f"ended with exit code {code}" if code else None


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=_SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            return


def table_lines(rows: list[dict[str, Any]], machine: dict[str, Any]) -> list[str]:
    """The table as lines of Markdown.

    Args:
        rows: What the parts gave.
        machine: What `zsar profile` says of the machine.
    """
    device = machine["gpu"] or machine["cpu"]
    lines = [f"{device}, {machine['processors']} processors, {time.strftime('%Y-%m-%d')}", ""]
    lines += ["| what | rate | peak MB | notes | s |", "|---|---:|---:|---|---:|"]
    for row in rows:
        peak = "-" if row["peak_mb"] is None else f"{row['peak_mb']:,.0f}"
        notes = f"FAILED: {row['error']}" if row["error"] else row["notes"]
        cells = (row["case"] if row["case"][0] != "(" else f"{row['part']} {row['case']}", row["rate"] or "-", peak)
        lines.append(
            "| " + " | ".join(cell.replace("|", "/") for cell in (*cells, notes, f"{row['seconds']:g}")) + " |"
        )
    return lines


if __name__ == "__main__":
    raise SystemExit(main())
