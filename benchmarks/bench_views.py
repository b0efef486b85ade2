"""Times the AugMix views of one video: zsar, with all frames as one batch, against Pillow, one frame at a time.

    python benchmarks/bench_views.py [--device cpu] [--views 31] [--frames 8] [--size 224] [--threads 1] [--quick]

Both get the same pixels and random draws. Prints the median seconds over the repeats, the ratio of Pillow to zsar, and
the difference of the pixels. On a GPU, zsar is timed with synchronization; Pillow runs on the CPU, where it would
occupy the data loader's workers.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.rows import Row, add_row_options, write_rows  # noqa: E402
from tests.reference.pil_augmix import augmix_one  # noqa: E402
from zsar.datamodules.views.augmix import augmix, draw_augmix  # noqa: E402
from zsar.runtime.device_clock import device_seconds  # noqa: E402


def moving_pictures(n: int, size_px: int) -> Tensor:
    """uint8 [N, 3, S, S]: a moving gradient with noise."""
    t, y, x = torch.meshgrid(torch.arange(n), torch.arange(size_px), torch.arange(size_px), indexing="ij")
    noise = torch.randint(24, (size_px, size_px), generator=torch.Generator().manual_seed(0))
    return (torch.stack([x + 2 * t, y + t, x + y + 3 * t], dim=1) % 220 + noise).to(torch.uint8)


def seconds_of(function: Callable[[], object], device: torch.device, repeats: int) -> float:
    """The median time of a call, after a warm-up call."""
    times = []
    for _ in range(repeats + 1):
        begin = device_seconds(device)
        function()
        times.append(device_seconds(device) - begin)
    return statistics.median(times[1:])


def main() -> None:
    """Reads the command line, times both."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    parser.add_argument("--views", type=int, default=31)
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of zsar; Pillow uses one")
    parser.add_argument("--repeats", type=int, default=3)
    add_row_options(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.views, arguments.frames, arguments.size, arguments.repeats = 3, 2, 64, 1
    torch.set_num_threads(arguments.threads)
    n = arguments.views * arguments.frames
    frames = moving_pictures(n, arguments.size)
    draws = draw_augmix(n, generator=torch.Generator().manual_seed(0))
    there = frames.to(arguments.device)
    pixels = frames.permute(0, 2, 3, 1).contiguous().numpy()

    def pillow() -> Tensor:
        return torch.from_numpy(np.stack([augmix_one(image, draws, i) for i, image in enumerate(pixels)]))

    ours = seconds_of(lambda: augmix(there, draws), arguments.device, arguments.repeats)
    theirs = seconds_of(pillow, torch.device("cpu"), arguments.repeats)
    apart = (augmix(there, draws).cpu().int() - pillow().permute(0, 3, 1, 2).int()).abs().float()
    print(
        f"{arguments.views} views x {arguments.frames} frames of {arguments.size} px, {torch.get_num_threads()} thread"
    )
    print(f"ours on {arguments.device!s:8} {ours:7.3f} s")
    print(f"Pillow on cpu     {theirs:7.3f} s   {theirs / ours:5.2f} x")
    equal = (apart == 0).float().mean()
    note = f"apart by {apart.mean():.4f} of 255 on average, by at most {apart.max():.0f}; {equal:.1%} are equal"
    print(note)
    what = f"AugMix of {arguments.views} views of {arguments.frames} frames, {arguments.device}"
    write_rows(arguments, [Row(what=what, unit="s", ours=ours, alternative="Pillow", theirs=theirs, note=note)])


if __name__ == "__main__":
    main()
