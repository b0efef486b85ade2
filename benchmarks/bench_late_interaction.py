"""Compares time and peak memory of AP-CLIP's scorer with a plain einsum, at the size of Kinetics-400.

    python benchmarks/bench_late_interaction.py [--repeats 15] [--block-mb MB] [--quick]

16 videos of 32 frames against 400 classes of 36 prompts, D = 512, fp32, on the CPU and, if available, a GPU. The
two take turns, so that a busy machine slows both, and times are medians. On a busy CPU set OMP_WAIT_POLICY=PASSIVE:
spinning threads penalize the version with more steps. The plain einsum computes maxima with `max`, which is faster here
than `amax` and, like zsar's scorer, assigns the gradient of a tie to one position.

Peak memory is what a step adds to the inputs: their gradients, which any version returns (30.5 MB here, of which 29.5
are those of the prompts), and temporary memory, which a version can save. On the CPU it is resident memory (Linux
only), measured in separate processes in which glibc returns freed memory; otherwise it varies by 100 MB from run to
run.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.rows import Row, add_row_options, write_rows
from zsar.lightning_modules.recognition.scorers.late_interaction import late_interaction
from zsar.runtime.device_clock import device_seconds

B, VT, C, P, D = 16, 32, 400, 36, 512
PASSES = {"forward and backward": (True, True), "the same, frozen text": (True, False), "forward": (False, False)}


def main() -> None:
    """Prints the table; with `--peak` measures one peak, in a separate process."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15, help="timed steps of each version")
    parser.add_argument("--block-mb", type=float, help="block size of zsar's scorer (default: its own)")
    parser.add_argument("--peak", nargs=3, metavar=("DEVICE", "PASS", "WHICH"), help=argparse.SUPPRESS)
    add_row_options(parser)
    options = parser.parse_args()
    if options.peak:
        print(peak_mb(*options.peak, block_mb=options.block_mb))
        return
    console = Console(width=140)
    blocks = "default blocks" if options.block_mb is None else f"blocks of {options.block_mb:g} MB"
    console.print(
        f"{B} videos, {VT} frames, {C} classes, {P} prompts, D = {D}, fp32; {blocks}; "
        f"CPU with {torch.get_num_threads()} threads; medians of {options.repeats}"
    )
    of_memory = ("gradients MB", "peak MB ours", "plain", "ratio", "temporary MB ours", "plain", "ratio")
    table = Table("device", "pass", "ours", "plain", "ratio", *of_memory)
    rows: list[Row] = []
    for device in ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",):
        for name in PASSES:
            times = compare_times(device, name, 1 if options.quick else options.repeats, options.block_mb)
            memory = ["-"] * 7 if options.quick else compare_memory(device, name, options.block_mb)
            table.add_row(device, name, *times, *memory)
            rows += rows_of(f"late interaction, {name}, {device}", times, memory)
    console.print(table)
    write_rows(options, rows)


def rows_of(what: str, times: list[str], memory: list[str]) -> list[Row]:
    """The figures of a pass as rows: its time and, where it was measured, what it adds to the gradients."""
    ours, plain = (float(time.removesuffix(" ms")) for time in times[:2])
    rows = [Row(what=what, unit="ms", ours=ours, alternative="einsum", theirs=plain)]
    if memory[4] != "-":
        ours, plain = (max(0.0, float(mb)) for mb in memory[4:6])
        rows.append(Row(what=f"{what}: temporary memory", unit="MB", ours=ours, alternative="einsum", theirs=plain))
    return rows


def compare_times(device: str, name: str, repeats: int, block_mb: float | None) -> list[str]:
    """Median times of zsar and of the plain version, and their ratio."""
    frames, classes, gradient = inputs(device, name)
    seconds: dict[str, list[float]] = {"ours": [], "plain": []}
    for _ in range(repeats + 1):
        for which, measured in seconds.items():
            frames.grad = classes.grad = None
            start = device_seconds(device)
            step(frames, classes, gradient, which, block_mb)
            measured.append(device_seconds(device) - start)
    ours, plain = (statistics.median(measured[1:]) for measured in seconds.values())
    return [f"{1e3 * ours:.1f} ms", f"{1e3 * plain:.1f} ms", f"{ours / plain:.2f}"]


def compare_memory(device: str, name: str, block_mb: float | None) -> list[str]:
    """MB of gradients; peak MB of zsar and of the plain version and their ratio; the same without the gradients."""
    gradients = sum(n * wanted for n, wanted in zip((B * VT * D, C * P * D), PASSES[name], strict=True)) * 4 / 1e6
    if device == "cpu" and not Path("/proc/self/status").is_file():
        return [f"{gradients:.1f}", *"------"]
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536"}
    block = [] if block_mb is None else ["--block-mb", str(block_mb)]
    peaks = []
    for which in ("ours", "plain"):
        command = [sys.executable, __file__, *block, "--peak", device, name, which]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
        peaks.append(float(done.stdout))
    pairs = [peaks, [peak - gradients for peak in peaks]]
    compared = [[f"{ours:.1f}", f"{plain:.1f}", f"{ours / plain:.2f}"] for ours, plain in pairs]
    return [f"{gradients:.1f}", *compared[0], *compared[1]]


def peak_mb(device: str, name: str, which: str, *, block_mb: float | None) -> float:
    """Peak memory of three steps above the memory held before."""
    frames, classes, gradient = inputs(device, name)
    few_frames = frames[:2].detach().clone().requires_grad_(frames.requires_grad)
    few_classes = classes[:2].detach().clone().requires_grad_(classes.requires_grad)
    step(few_frames, few_classes, None if gradient is None else gradient[:2, :2], which, block_mb)  # loads the code
    held = memory_mb(device, peak=False)
    for _ in range(3):
        frames.grad = classes.grad = None
        step(frames, classes, gradient, which, block_mb)
    return memory_mb(device, peak=True) - held


def memory_mb(device: str, *, peak: bool) -> float:
    """Memory in use, or its peak so far."""
    if device == "cuda":
        return (torch.cuda.max_memory_allocated() if peak else torch.cuda.memory_allocated()) / 1e6
    field = "VmHWM:" if peak else "VmRSS:"
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024 / 1e6


def inputs(device: str, name: str) -> tuple[Tensor, Tensor, Tensor | None]:
    """Frames, classes, and the gradient of the scores where the pass has one."""
    frames_trained, classes_trained = PASSES[name]
    torch.manual_seed(0)
    frames = torch.randn(B, VT, D, device=device)
    classes = torch.randn(C, P, D, device=device)
    classes /= classes.norm(dim=-1, keepdim=True)
    gradient = torch.randn(B, C, device=device) if frames_trained else None
    return frames.requires_grad_(frames_trained), classes.requires_grad_(classes_trained), gradient


def step(frames: Tensor, classes: Tensor, gradient: Tensor | None, which: str, block_mb: float | None) -> None:
    """Scores and, where the scores have a gradient, that of the inputs."""
    scores = late_interaction(frames, classes, block_mb=block_mb) if which == "ours" else plain_einsum(frames, classes)
    if gradient is not None:
        scores.backward(gradient)


def plain_einsum(frames: Tensor, classes: Tensor) -> Tensor:
    """The definition, all similarities at once."""
    similarities = torch.einsum("bvd,cpd->bcvp", functional.normalize(frames, dim=-1), classes)
    v2t = similarities.max(dim=3).values.mean(dim=2)
    t2v = similarities.max(dim=2).values.mean(dim=2)
    return (v2t + t2v) / 2


if __name__ == "__main__":
    main()
