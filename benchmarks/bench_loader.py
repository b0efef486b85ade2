"""Times the data loader of a training on Kinetics-like videos: colours by torchvision, in the workers, left to a GPU.

    python benchmarks/bench_loader.py [--workers 1 2 4] [--videos 4] [--clips 96] [--repeats 15]

The script encodes 10-second H.264 videos of 340 x 256 px with a keyframe every 250 frames, as `bench_prepare.py` does,
and prepares a copy of each (`zsar prepare`). A training clip has 8 frames of 224 px and T2L's augmentation.

First, what a clip costs one process, part by part, in CPU milliseconds, which a busy machine disturbs little: the
median over the clips. From it, the cores that feed a GPU of 100 videos a second. Then clips a second of whole data
loaders, by the clock: they mean something on a quiet machine with as many cores as workers. "Before" are colours as
torchvision's modules make them, on the whole clip. On a machine with a GPU, colours of a batch of 64 are timed there.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision.transforms import v2

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.bench_prepare import SPARSE_KEYFRAMES, pictures  # noqa: E402
from benchmarks.rows import Row, add_row_options, write_rows  # noqa: E402
from zsar.datamodules.clip_dataset import TrainingClips  # noqa: E402
from zsar.datamodules.lists.video_table import VideoTable  # noqa: E402
from zsar.datamodules.samples import Sample, collate  # noqa: E402
from zsar.datamodules.video_files.writing.encoding import write_video  # noqa: E402
from zsar.datamodules.video_files.writing.preparing import prepare_video  # noqa: E402
from zsar.datamodules.video_files.writing.preparing_settings import PreparingSettings  # noqa: E402
from zsar.datamodules.views.colours import RandomColours, with_colours_made  # noqa: E402
from zsar.datamodules.views.transforms import TrainTransform  # noqa: E402
from zsar.runtime.device_clock import device_seconds  # noqa: E402

Colours = Literal["before", "workers", "gpu"]
N_FRAMES, SIZE_PX, BATCH_SIZE, GPU_BATCH_SIZE = 8, 224, 8, 64
VIDEOS_PER_SECOND = 100
JITTER, GREY = 0.8, 0.2  # T2L's, as `Augmentation` has them


def encoded(folder: Path, *, n_videos: int, n_frames: int) -> dict[str, list[Path]]:
    """The videos as they came, and prepared."""
    frames = pictures(n_frames)
    plain = [folder / f"{number}.mp4" for number in range(n_videos)]
    prepared = [folder / f"prepared_{number}.mp4" for number in range(n_videos)]
    for number, (path, copy) in enumerate(zip(plain, prepared, strict=True)):
        write_video(path, frames[:, :, :: 1 - 2 * (number % 2)], frames_per_second=25, options=SPARSE_KEYFRAMES)
        prepare_video(path, copy, PreparingSettings())
    return {"as they came": plain, "prepared": prepared}


def torchvisions_modules() -> nn.Sequential:
    """Colours as torchvision's own modules make them, from the same draws."""
    jitter = v2.RandomApply([v2.ColorJitter(0.4, 0.4, 0.2, 0.1)], p=JITTER)
    return nn.Sequential(jitter, v2.RandomGrayscale(GREY))


def training_clips(videos: list[Path], n_clips: int, colours: Colours) -> TrainingClips:
    """Clips of the videos, again and again."""
    transform = TrainTransform(SIZE_PX, colour_jitter=JITTER, grey=GREY)
    if colours == "before":
        steps = [torchvisions_modules() if isinstance(step, RandomColours) else step for step in transform.steps]
        transform.steps = nn.Sequential(*steps)
    names = [videos[number % len(videos)].name for number in range(n_clips)]
    table = VideoTable(videos[0].parent, names, [0] * n_clips, keys=[str(number) for number in range(n_clips)])
    return TrainingClips(table, transform, n_frames=N_FRAMES, sampling="random", seed=0, leave_colours=colours == "gpu")


def cpu_milliseconds(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Of one call of each."""
    spent = {}
    for name, call in calls.items():
        began = time.process_time()
        call()
        spent[name] = 1e3 * (time.process_time() - began)
    return spent


def costs_of_clips(videos: dict[str, list[Path]], n_clips: int) -> dict[str, float]:
    """CPU milliseconds of a training clip by part, the median over clips; the parts take turns."""
    left = {kind: training_clips(paths, n_clips + 1, "gpu") for kind, paths in videos.items()}
    ours, theirs = RandomColours(jitter=1.0, grey=0.0), v2.ColorJitter(0.4, 0.4, 0.2, 0.1)
    spent: list[dict[str, float]] = []
    for number in range(n_clips + 1):
        clip = left["prepared"][number].frames[0]
        calls: dict[str, Callable[[], object]] = {
            f"decode, crop and flip, {kind}": partial(clips.__getitem__, number) for kind, clips in left.items()
        }
        calls |= {"colours by torchvision": partial(theirs, clip), "colours in the worker": partial(ours, clip)}
        spent.append(cpu_milliseconds(calls))
    return {name: statistics.median(times[name] for times in spent[1:]) for name in spent[0]}


def rows_of_costs(costs: dict[str, float]) -> Iterable[Row]:
    """Prints what a clip costs, and the cores that feed a GPU."""
    for name, spent in costs.items():
        print(f"{name:40} {spent:7.1f} ms of CPU a clip")
        yield Row(what=f"a training clip: {name}", unit="ms", ours=spent)
    before = costs["colours by torchvision"] * JITTER  # of the clips that are jittered
    for kind in ("as they came", "prepared"):
        decode = costs[f"decode, crop and flip, {kind}"]
        old, new = (math.ceil(VIDEOS_PER_SECOND * spent / 1e3) for spent in (decode + before, decode))
        print(f"videos {kind:14} {old:3} -> {new:3} cores feed a GPU of {VIDEOS_PER_SECOND} videos a second")
        what = f"cores that feed {VIDEOS_PER_SECOND} videos a second, {kind}"
        yield Row(what=what, unit="cores", ours=new, alternative="colours by torchvision", theirs=old)


def clips_per_second(videos: list[Path], n_clips: int, colours: Colours, n_workers: int) -> float:
    """Of a data loader by the clock, after its first batch of each worker."""
    torch.set_num_threads(1)
    clips = training_clips(videos, n_clips + n_workers * BATCH_SIZE, colours)
    loader: DataLoader[Sample] = DataLoader(
        clips, batch_size=BATCH_SIZE, num_workers=n_workers, collate_fn=collate, drop_last=True
    )
    batches = iter(loader)
    for _ in range(n_workers):
        next(batches)
    began, n_made = time.perf_counter(), 0
    for batch in batches:
        n_made += len(batch)
    return n_made / (time.perf_counter() - began)


def rows_of_loaders(videos: dict[str, list[Path]], n_clips: int, workers: list[int]) -> Iterable[Row]:
    """Prints clips a second of whole loaders."""
    for kind, paths in videos.items():
        for n_workers in workers:
            before, here, left = (
                clips_per_second(paths, n_clips, colours, n_workers) for colours in ("before", "workers", "gpu")
            )
            print(
                f"{kind:14} {n_workers} workers: {before:6.1f} -> {here:6.1f} in the workers, {left:6.1f} clips/s with "
                "colours left to a GPU"
            )
            for name, rate in (("in the workers", here), ("left to a GPU", left)):
                what = f"loader, {n_workers} workers, videos {kind}, colours {name}"
                yield Row(what=what, unit="clips/s", ours=rate, alternative="colours by torchvision", theirs=before)


def row_of_gpu(videos: list[Path], repeats: int) -> Row:
    """Colours of a batch on the GPU."""
    what = f"colours of a batch of {GPU_BATCH_SIZE} clips on a GPU"
    if not torch.cuda.is_available():
        print(f"{what}: no GPU here")
        return Row(what=what, unit="ms", note="no GPU here")
    clips = training_clips(videos, GPU_BATCH_SIZE, "gpu")
    batch = collate([clips[number] for number in range(GPU_BATCH_SIZE)])
    there, apart = batch.to("cuda"), with_colours_made(batch).frames
    made: Tensor = with_colours_made(there).frames.cpu()
    levels = (made.int() - apart.int()).abs()
    times = []
    for _ in range(repeats):
        began = device_seconds(there.frames.device)
        with_colours_made(there)
        times.append(1e3 * (device_seconds(there.frames.device) - began))
    note = (
        f"{(levels == 0).float().mean():.3%} of the levels equal the CPU's, the others are up to {levels.max()} apart"
    )
    print(f"{what}: {statistics.median(times):.1f} ms; {note}")
    return Row(what=what, unit="ms", ours=statistics.median(times), note=note)


def main() -> None:
    """Reads the command line, measures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--videos", type=int, default=4)
    parser.add_argument("--clips", type=int, default=96, help="of a data loader's measurement")
    parser.add_argument("--repeats", type=int, default=15, help="clips that are timed part by part")
    add_row_options(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.workers, arguments.videos, arguments.clips, arguments.repeats = [1], 1, 8, 1
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        n_frames = 25 if arguments.quick else 250
        videos = encoded(Path(folder), n_videos=arguments.videos, n_frames=n_frames)
        rows = [
            *rows_of_costs(costs_of_clips(videos, arguments.repeats)),
            *rows_of_loaders(videos, arguments.clips, arguments.workers),
            row_of_gpu(videos["prepared"], arguments.repeats),
        ]
        write_rows(arguments, rows)


if __name__ == "__main__":
    main()
