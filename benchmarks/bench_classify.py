"""Times `zsar.classify` on many short videos: one call per video, as before batches, beside one call for all.

    python benchmarks/bench_classify.py [--videos 200] [--architecture tiny-clip] [--device cpu] [--repeats 3] [--quick]

Prints videos per second of both, their ratio, and the largest difference of a probability; a difference above 1e-4, or
another answer, is an error. The videos, 320 x 240 px and 2 seconds, are encoded first and not timed. The model has
random weights: they change no time. Both ways take turns, so that a busy machine slows both; medians are printed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.rows import Row, add_row_options, write_rows  # noqa: E402
from zsar.api.answers import Classification  # noqa: E402
from zsar.api.classification import classify  # noqa: E402
from zsar.api.prepared_answers import BATCH_SIZE  # noqa: E402
from zsar.datamodules.video_files.writing.encoding import write_video  # noqa: E402
from zsar.lightning_modules.clip.clip import ZeroShotCLIP  # noqa: E402
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings  # noqa: E402

CLASSES = ["a red square", "a green circle", "a blue triangle", "an empty room"]
LARGEST_DIFFERENCE = 1e-4


def write_clips(folder: Path, n_videos: int) -> list[Path]:
    """Videos of a bright square that moves over a pattern; each has its own colour and path."""
    draws = np.random.default_rng(0)
    paths = []
    for number in range(n_videos):
        frames = np.broadcast_to(draws.integers(0, 90, (1, 240, 320, 3), dtype=np.uint8), (50, 240, 320, 3)).copy()
        colour, (y, x) = draws.integers(120, 256, 3, dtype=np.uint8), draws.integers(0, 100, 2)
        for t, frame in enumerate(frames):
            frame[y + t : y + t + 80, x + 2 * t : x + 2 * t + 80] = colour
        paths.append(folder / f"{number:05d}.mp4")
        write_video(paths[-1], frames, frames_per_second=25)
    return paths


def timed(run: Callable[[], list[Classification]]) -> tuple[float, list[Classification]]:
    """Seconds, and the answers."""
    begin = time.perf_counter()
    answers = run()
    return time.perf_counter() - begin, answers


def difference(one: Classification, other: Classification) -> float:
    """The largest difference of a probability between two answers to the same video."""
    if one.path != other.path or one.error or other.error:
        raise SystemExit(f"{one.path}: {one.error or other.error or f'answered as {other.path}'}")
    ours, theirs = dict(one.ranked), dict(other.ranked)
    return max(abs(ours[name] - theirs[name]) for name in CLASSES)


def main() -> int:
    """Runs the benchmark; returns 1 if the answers differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", type=int, default=200)
    parser.add_argument("--architecture", default="tiny-clip")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch-size", type=int, default=BATCH_SIZE)
    parser.add_argument("--n-workers", type=int, help="default: as classify chooses")
    parser.add_argument("--repeats", type=int, default=3)
    add_row_options(parser)
    options = parser.parse_args()
    if options.quick:
        options.videos, options.repeats, options.n_workers = 4, 1, 0
    torch.manual_seed(0)
    model = ZeroShotCLIP(backbone=ClipSettings(options.architecture, "random")).eval().to(options.device)
    with tempfile.TemporaryDirectory() as folder:
        paths = write_clips(Path(folder), options.videos)
        ways: dict[str, Callable[[], list[Classification]]] = {
            "one by one": lambda: [classify(path, CLASSES, model=model, n_workers=0) for path in paths],
            "batches": lambda: classify(
                paths, CLASSES, model=model, batch_size=options.batch_size, n_workers=options.n_workers
            ),
        }
        classify(paths[0], CLASSES, model=model, n_workers=0)  # embeds the class names and warms up
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        answers: dict[str, list[Classification]] = {}
        for _ in range(options.repeats):
            for name, run in ways.items():
                took, answers[name] = timed(run)
                seconds[name].append(took)
    rates = {name: options.videos / statistics.median(of_way) for name, of_way in seconds.items()}
    for name, rate in rates.items():
        print(f"{name:<12} {rate:8.2f} videos/s")
    print(f"ratio        {rates['batches'] / rates['one by one']:8.2f}")
    pairs = list(zip(answers["one by one"], answers["batches"], strict=True))
    largest = max(difference(one, other) for one, other in pairs)
    n_same = sum(one.answer == other.answer for one, other in pairs)
    same = f"{n_same} of {len(pairs)} answers are the same; probabilities differ by at most {largest:.1e}"
    print(same)
    what = f"classify, {options.videos} videos, {options.architecture}"
    ours, theirs = rates["batches"], rates["one by one"]
    row = Row(what=what, unit="videos/s", ours=ours, alternative="a call a video", theirs=theirs, note=same)
    write_rows(options, [row])
    return 0 if largest <= LARGEST_DIFFERENCE and n_same == len(pairs) else 1


if __name__ == "__main__":
    sys.exit(main())
