"""Times `zsar extract` in frames a second beside a plain loop: PyAV decodes, Pillow resizes, the model takes the batch.

    python benchmarks/bench_extract.py [--videos 4] [--seconds 10] [--architecture tiny-clip] [--device cpu] [--quick]

Both take all frames of the same videos of 340 x 256 px (H.264), in batches of 64, squashed to the model's size, and
make features before the projection in fp16; ours stores them. Ours decodes and resizes in processes of its own (as many
as `zsar extract` chooses; --n-workers 0: in the process of the model). The model has random weights: they change no
time. Both take turns; medians are printed, with the smallest cosine of a frame's features. Pillow's pixels differ by
rounding.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import av
import numpy as np
import torch
from PIL import Image
from torch import Tensor

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.rows import Row, add_row_options, write_rows  # noqa: E402
from zsar.api.extraction.extraction import VideoJob, extract_videos  # noqa: E402
from zsar.api.extraction.feature_extraction import FeatureExtraction  # noqa: E402
from zsar.api.extraction.loaded_backbone import load_backbone  # noqa: E402
from zsar.datamodules.video_files.streaming import FrameStride  # noqa: E402
from zsar.datamodules.video_files.writing.encoding import write_video  # noqa: E402
from zsar.lightning_modules.localization.stored.feature_files import read_features  # noqa: E402
from zsar.lightning_modules.open_clip_towers.frame_features import features_of_uint8  # noqa: E402
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone  # noqa: E402
from zsar.runtime.processes.cpu_count import cpu_count  # noqa: E402

BATCH = 64


def write_videos(folder: Path, n_videos: int, seconds: int) -> list[VideoJob]:
    """Videos of a moving pattern, each with its own noise, and where their features go."""
    t, y, x = np.ogrid[: 25 * seconds, :256, :340]
    frames = np.stack(np.broadcast_arrays(x + 2 * t, y + t, x + y + 3 * t), axis=-1) % 220
    jobs = []
    for number in range(n_videos):
        noise = np.random.default_rng(number).integers(0, 24, (256, 340, 1))
        path = folder / f"{number}.mp4"
        write_video(path, (frames + noise).astype(np.uint8), frames_per_second=25)
        jobs.append(VideoJob(path, path.name, folder / f"{number}.safetensors"))
    return jobs


def plain_loop(backbone: OpenClipBackbone, jobs: list[VideoJob], device: str) -> list[Tensor]:
    """Features of all frames, by what one would write without zsar."""
    size = backbone.image_size[::-1]
    features = []
    for job in jobs:
        parts: list[Tensor] = []
        batch: list[np.ndarray] = []
        with av.open(str(job.source)) as container:
            container.streams.video[0].thread_type = "AUTO"
            for frame in container.decode(video=0):
                batch.append(np.asarray(frame.to_image().resize(size, Image.Resampling.BICUBIC)))
                if len(batch) == BATCH:
                    parts.append(encode(backbone, batch, device))
                    batch = []
        if batch:
            parts.append(encode(backbone, batch, device))
        features.append(torch.cat(parts))
    return features


def encode(backbone: OpenClipBackbone, images: list[np.ndarray], device: str) -> Tensor:
    """Features fp16 [n, W] of images uint8 [S, S, 3]."""
    with torch.inference_mode():
        frames = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).to(device)
        return features_of_uint8(backbone, frames).half().cpu()


def main() -> None:
    """Times both."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--videos", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=10, help="length of a video")
    parser.add_argument("--architecture", default="tiny-clip")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--n-workers", type=int, default=max(1, cpu_count() - 1))
    parser.add_argument("--repeats", type=int, default=3)
    add_row_options(parser)
    options = parser.parse_args()
    if options.quick:
        options.videos, options.seconds, options.repeats, options.n_workers = 1, 2, 1, 0
    torch.manual_seed(0)
    extraction = FeatureExtraction(
        architecture=options.architecture,
        weights="random",
        stride=FrameStride(frames=1),
        geometry="squash",
        batch_size=BATCH,
        n_workers=options.n_workers,
        dtype="fp16",
    )
    backbone = load_backbone(extraction, options.device)
    encode(backbone, [np.zeros((*backbone.image_size, 3), np.uint8)], options.device)  # warms up
    seconds: dict[str, list[float]] = {"ours": [], "plain": []}
    with tempfile.TemporaryDirectory() as folder:
        jobs = write_videos(Path(folder), options.videos, options.seconds)
        for _ in range(options.repeats):
            for job in jobs:
                job.destination.unlink(missing_ok=True)
            began = time.perf_counter()
            problems = [getattr(report, "problem", None) for report in extract_videos(backbone, jobs, extraction)]
            seconds["ours"].append(time.perf_counter() - began)
            if any(problems):
                raise SystemExit(f"not extracted: {next(filter(None, problems))}")
            began = time.perf_counter()
            expected = plain_loop(backbone, jobs, options.device)
            seconds["plain"].append(time.perf_counter() - began)
        written = [read_features(job.destination).features for job in jobs]
    pairs = [torch.cosine_similarity(a.float(), b.float(), dim=-1) for a, b in zip(written, expected, strict=True)]
    n_frames = sum(len(features) for features in written)
    ours, plain = (n_frames / statistics.median(of_way) for of_way in seconds.values())
    least = min(float(cosines.min()) for cosines in pairs)
    note = f"{options.architecture}, {options.n_workers} decoding processes; least cosine {least:.4f}"
    print(f"extract {ours:.0f} frames/s, plain loop {plain:.0f} frames/s, ratio {ours / plain:.2f}; {note}")
    what = "extracting features, 340 x 256 px"
    write_rows(options, [Row(what=what, unit="frames/s", ours=ours, alternative="plain loop", theirs=plain, note=note)])


if __name__ == "__main__":
    main()
