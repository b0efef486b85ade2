"""T2L's cost against plain CLIP's: time and memory of a training step and of class text, on the CPU or a GPU.

    python benchmarks/bench_t2l.py [--device cuda] [--architecture NAME] [--batch-size N]

Uses random weights, which do not affect speed. Prints each figure, its alternative and the ratio.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.rows import Row, add_row_options, write_rows
from zsar.datamodules.class_text.templates import TEMPLATES
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.t2l.t2l import T2L
from zsar.runtime.device_clock import device_seconds

Step = Callable[[], object]


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--architecture", help="default: ViT-B-16-quickgelu on a GPU, ViT-B-32-quickgelu on a CPU")
    parser.add_argument(
        "--batch-size", type=int, default=None, help="videos per step (default: 64 on a GPU, 2 on a CPU)"
    )
    parser.add_argument("--classes", type=int, default=None, help="classes (default: 400 on a GPU, 20 on a CPU)")
    parser.add_argument("--repeats", type=int, default=3)
    add_row_options(parser)
    options = parser.parse_args()
    if options.quick:
        options.architecture, options.classes, options.repeats = "tiny-clip", 3, 1
    on_gpu = options.device.startswith("cuda")
    architecture = options.architecture or ("ViT-B-16-quickgelu" if on_gpu else "ViT-B-32-quickgelu")
    batch_size = options.batch_size or (64 if on_gpu else 2)
    n_classes = options.classes or (400 if on_gpu else 20)
    torch.manual_seed(0)
    console = Console(width=120)
    device = torch.cuda.get_device_name() if on_gpu else f"CPU, {torch.get_num_threads()} threads"
    precision = "bf16 autocast" if on_gpu else "fp32"  # most CPUs emulate bf16, slower than fp32
    console.print(f"{architecture}, 8 frames, batch {batch_size}, {n_classes} classes, {precision} on {device}")
    table = Table("what", "ours", "alternative", "time ratio", "peak GiB ours", "peak GiB alternative")
    rows: list[Row] = []
    for (name, mine, other), ours, alternative in _cases(architecture, options.device, batch_size, n_classes):
        (a, a_gib), (b, b_gib) = (_measure(step, options.device, options.repeats) for step in (ours, alternative))
        table.add_row(
            f"{name}: {mine}, {other}", f"{1e3 * a:.1f} ms", f"{1e3 * b:.1f} ms", f"{a / b:.2f}", a_gib, b_gib
        )
        rows.append(
            Row(what=f"{name}, {architecture}: {mine}", unit="ms", ours=1e3 * a, alternative=other, theirs=1e3 * b)
        )
    console.print(table)
    write_rows(options, rows)


def _cases(
    architecture: str, device: str, batch_size: int, n_classes: int
) -> list[tuple[tuple[str, str, str], Step, Step]]:
    backbone = TrainedClipSettings(architecture, "random")
    model = T2L(backbone=backbone).to(device).train()
    recomputing = T2L(backbone=replace(backbone, gradient_checkpointing=True)).to(device).train()
    size = model.backbone.image_size[0]
    video = torch.randint(256, (batch_size, 1, 8, 3, size, size), dtype=torch.uint8, device=device)
    labels = torch.arange(batch_size, device=device) % n_classes
    templates = TEMPLATES["action_clip"]
    texts = [templates[i % len(templates)].replace("{}", f"playing game number {i}") for i in range(n_classes)]
    tokens = model.backbone.tokenize(texts).to(device)

    def autocast() -> torch.autocast:
        return torch.autocast(device.split(":")[0], torch.bfloat16, enabled=device.startswith("cuda"))

    def train(of: T2L) -> None:
        with autocast():
            embeddings = torch.nn.functional.normalize(of.embed_text(tokens).float(), dim=-1)[:, None]
            frames = of.embed_views(video)
            losses = of.losses(of.score(frames, embeddings), frames, labels)
            torch.stack(list(losses.values())).sum().backward()
        of.zero_grad(set_to_none=True)

    def frames_of(function: Callable[[torch.Tensor], object]) -> None:
        with torch.no_grad(), autocast():
            function(video)

    def text_of(function: Callable[[torch.Tensor], object]) -> None:
        with torch.no_grad(), autocast():
            function(tokens)

    plain: OpenClipBackbone = model.backbone
    return [
        (("training step", "T2L", "with gradient checkpointing"), lambda: train(model), lambda: train(recomputing)),
        (
            ("frames, forward", "T2L", "frozen CLIP"),
            lambda: frames_of(model.embed_views),
            lambda: frames_of(lambda v: plain.clip.encode_image(plain.normalize_frames(v).flatten(0, 2))),
        ),
        (
            ("class text, forward", "cut at the last end", "open_clip's whole context"),
            lambda: text_of(plain.encode_text),
            lambda: text_of(plain.clip.encode_text),
        ),
    ]


def _measure(step: Step, device: str, repeats: int) -> tuple[float, str]:
    """Median seconds of a step after one to warm up, and the peak of allocated GPU memory."""
    on_gpu = device.startswith("cuda")
    step()
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    seconds = []
    for _ in range(repeats):
        start = device_seconds(device)
        step()
        seconds.append(device_seconds(device) - start)
    peak = f"{torch.cuda.max_memory_allocated() / 2**30:.1f}" if on_gpu else "-"
    return statistics.median(seconds), peak


if __name__ == "__main__":
    main()
