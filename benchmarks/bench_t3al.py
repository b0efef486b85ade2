"""Seconds per video of T3AL's adaptation: zsar against versions with the text tower or all frames in the loop.

    python benchmarks/bench_t3al.py [--frames 5000] [--videos 4] [--device cuda] [--naive-steps 50]

Sizes as in THUMOS14: 5,000 frames per video, features and embeddings of width 768, K = 4 positive and negative frames,
50 steps without early stopping, fp32, cosine scores, random features and weights. zsar is compared with two
straightforward versions, one video at a time: with the text in the loop, each step runs the prompt through a frozen
text tower of CoCa ViT-L/14's size (12 layers, 77 positions); with the text cached, its output is reused. Both project
all frames in each step and differentiate through all of them.

All straightforward steps cost the same: `--naive-steps` steps are timed after a warm-up and scaled up to `--steps`. The
versions take turns, and times are medians of `--repeats`. The outputs are compared by the smoothed scores of the first
video after `--naive-steps` steps, scaled to 0 to 1; how far these steps move the scores is printed too, and how many
frames zsar projects for the lengths that cosines need, in a whole adaptation.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import open_clip
import torch
from open_clip.transformer import TextTransformer
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.rows import Row, add_row_options, write_rows
from zsar.lightning_modules.localization.frame_scoring import Projections
from zsar.lightning_modules.localization.segments import min_max, moving_average
from zsar.lightning_modules.t3al import projection_tuner
from zsar.lightning_modules.t3al.frame_norms import FrameNorms
from zsar.lightning_modules.t3al.projection_tuner import tune_projections
from zsar.lightning_modules.t3al.projection_tuning import ProjectionTuning, VideoToTune
from zsar.runtime.device_clock import device_seconds

PROMPT = "a video of action basketball dunk"
K, WINDOW_FRAMES, LEARNING_RATE = 4, 20, 1e-5


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--frames", type=int, default=5000, help="frames of a video, at least 2")
    parser.add_argument("--width", type=int, default=768, help="width of frame features and embeddings")
    parser.add_argument("--steps", type=int, default=50, help="steps of an adaptation")
    parser.add_argument("--naive-steps", type=int, default=5, help="timed steps of the other versions")
    parser.add_argument("--videos", type=int, default=1, help="videos that zsar adapts to at a time")
    parser.add_argument("--repeats", type=int, default=3, help="timed adaptations of each version")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, help="CPU threads (default: PyTorch's choice)")
    add_row_options(parser)
    options = parser.parse_args()
    if options.quick:
        options.frames, options.steps, options.naive_steps, options.repeats = 200, 3, 1, 1
    if not 1 <= options.naive_steps <= options.steps:
        parser.error(f"--naive-steps must be from 1 to --steps = {options.steps}; got {options.naive_steps}")
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    tower = text_tower(options.device)
    tokens = open_clip.SimpleTokenizer(context_length=tower.context_length)([PROMPT]).to(options.device)
    with torch.no_grad():
        text = tower(tokens)
    projections, videos = inputs(options, text)
    texts: dict[str, Callable[[], Tensor]] = {"text in the loop": lambda: tower(tokens), "text cached": lambda: text}
    console = Console(width=120)
    device = torch.cuda.get_device_name() if options.device == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    console.print(
        f"{options.frames} frames, width {options.width}, K = {K}, {options.steps} steps, fp32 on {device}; medians of "
        f"{options.repeats}; ours {options.videos} video(s) at a time, the others timed on {options.naive_steps} steps"
    )
    seconds = measure(projections, videos, texts, options)
    rows: list[Row] = []
    table = Table("adaptation", "seconds per video", "ratio to ours", "largest difference of a score from ours")
    ours = tune_projections(videos[:1], projections, settings(options.naive_steps))[0].projections
    scores = final_scores(videos[0], ours)
    table.add_row("ours", f"{seconds['ours']:.3f}", "1.0", "-")
    for name, embed_text in texts.items():
        written = straightforward(videos[0], embed_text, projections, options.naive_steps)
        difference = float((final_scores(videos[0], written) - scores).abs().max())
        table.add_row(name, f"{seconds[name]:.3f}", f"{seconds[name] / seconds['ours']:.1f}", f"{difference:.1e}")
        note = f"largest difference of a score {difference:.1e}"
        what = f"T3AL, {options.frames} frames, {options.steps} steps"
        figures = seconds["ours"], seconds[name]
        rows.append(Row(what=what, unit="s", ours=figures[0], alternative=name, theirs=figures[1], note=note))
    console.print(table)
    write_rows(options, rows)
    moved = float((scores - final_scores(videos[0], projections)).abs().max())
    console.print(f"Scores are from 0 to 1; {options.naive_steps} steps move one by up to {moved:.1e}.")
    shares = ", ".join(f"{share:.2f}" for share in projected_shares(projections, videos, options.steps))
    console.print(f"Frames projected for their lengths in {options.steps} steps, in multiples of all: {shares}.")


def text_tower(device: str) -> TextTransformer:
    """CoCa ViT-L/14's text tower with random, frozen weights, and without its projection."""
    size = open_clip.get_model_config("coca_ViT-L-14")["text_cfg"]
    tower = TextTransformer(
        context_length=size["context_length"],
        vocab_size=size["vocab_size"],
        width=size["width"],
        heads=size["heads"],
        layers=size["layers"],
        embed_cls=size["embed_cls"],
        proj_type="none",
    )
    return tower.to(device).eval().requires_grad_(False)


def inputs(options: argparse.Namespace, text: Tensor) -> tuple[Projections, list[VideoToTune]]:
    """Random projections, and videos whose frames share a background component."""
    width, text_width, device = options.width, text.shape[-1], options.device
    projections = Projections(
        visual=torch.randn(width, width, device=device) / math.sqrt(width),
        text=torch.randn(text_width, width, device=device) / math.sqrt(text_width),
        text_bias=None,
        log_scale=torch.tensor(math.log(100.0), device=device),
    )
    videos = [
        VideoToTune(
            features=torch.randn(options.frames, width, device=device) + torch.randn(width, device=device),
            text=text,
            draws=torch.rand(options.steps, 3, K, device=device),
        )
        for _ in range(options.videos)
    ]
    return projections, videos


def measure(
    projections: Projections,
    videos: list[VideoToTune],
    texts: dict[str, Callable[[], Tensor]],
    options: argparse.Namespace,
) -> dict[str, float]:
    """Median seconds per video of zsar and of the straightforward versions, scaled up to all steps."""
    seconds: dict[str, list[float]] = {name: [] for name in ("ours", *texts)}
    for _ in range(options.repeats + 1):
        start = device_seconds(options.device)
        tune_projections(videos, projections, settings(options.steps))
        seconds["ours"].append((device_seconds(options.device) - start) / len(videos))
        for name, embed_text in texts.items():
            start = device_seconds(options.device)
            straightforward(videos[0], embed_text, projections, options.naive_steps)
            seconds[name].append((device_seconds(options.device) - start) * options.steps / options.naive_steps)
    return {name: statistics.median(measured[1:]) for name, measured in seconds.items()}  # the first warms up


def projected_shares(projections: Projections, videos: list[VideoToTune], n_steps: int) -> list[float]:
    """How often a frame is projected on average in a whole adaptation, for each video."""
    made: list[FrameNorms] = []

    class Noted(FrameNorms):
        def __init__(self, features: Tensor, background: Tensor, visual: Tensor) -> None:
            super().__init__(features, background, visual)
            made.append(self)

    with patch.object(projection_tuner, "FrameNorms", Noted):
        tune_projections(videos, projections, settings(n_steps))
    return [norms.n_projected / len(video.features) for norms, video in zip(made, videos, strict=True)]


def settings(n_steps: int) -> ProjectionTuning:
    """The paper's settings on THUMOS14, without early stopping."""
    return ProjectionTuning(
        n_steps=n_steps,
        n_selected=K,
        early_stop="none",
        patience_steps=None,
        learning_rate=LEARNING_RATE,
        window_frames=WINDOW_FRAMES,
    )


def straightforward(
    video: VideoToTune, embed_text: Callable[[], Tensor], projections: Projections, n_steps: int
) -> Projections:
    """The adaptation that projects and differentiates all frames in each step."""
    adapted = Projections(
        visual=projections.visual.clone().requires_grad_(),
        text=projections.text.clone().requires_grad_(),
        text_bias=None,
        log_scale=projections.log_scale,  # a cosine has no temperature
    )
    optimizer = torch.optim.Adam([adapted.visual, adapted.text], lr=LEARNING_RATE)
    targets = torch.tensor([1.0] * K + [0.0] * K, device=video.features.device)
    for draws in video.draws[:n_steps]:
        frames, scores = score_frames(video.features, embed_text(), adapted)
        positives, negatives = select(scores.detach(), draws)
        circle = draws[2].argsort(stable=True)
        z = functional.normalize(frames[positives[circle]], dim=-1)
        representation = (2 - 2 * (z * z.roll(-1, dims=0)).sum(dim=-1)).mean()
        selected = scores[torch.cat([positives, negatives])]
        separation = 2 - 2 * functional.cosine_similarity(selected, targets, dim=0)
        optimizer.zero_grad()
        (representation + separation).backward()
        optimizer.step()
    return Projections(
        visual=adapted.visual.detach(), text=adapted.text.detach(), text_bias=None, log_scale=adapted.log_scale
    )


def score_frames(features: Tensor, text: Tensor, projections: Projections) -> tuple[Tensor, Tensor]:
    """Embeddings [N, D] of all frames and their cosines [N]."""
    embedding = functional.normalize(functional.normalize(text @ projections.text, dim=-1).mean(dim=0), dim=-1)
    frames = features @ projections.visual
    return frames, functional.normalize(frames - frames.mean(dim=0), dim=-1) @ embedding


def select(scores: Tensor, draws: Tensor) -> list[Tensor]:
    """Indices [K] of positives and of negatives: the best and the worst frames, spread over time, with noise."""
    order = scores.argsort(descending=True, stable=True)
    n = min(100 * K, len(order) // 2)
    largest = min(10, max(0, (n // K - 1) // 2))
    middles = (torch.arange(K, device=order.device) * 2 + 1) * n // (2 * K)
    chosen = []
    for pool, draw in zip((order[:n], order[len(order) - n :]), draws[:2], strict=True):
        noise = (draw * (2 * largest + 1)).floor().long() - largest
        chosen.append(pool.sort().values[(middles + noise).clamp(0, n - 1)])
    return chosen


def final_scores(video: VideoToTune, projections: Projections) -> Tensor:
    """Smoothed scores [N] of all frames, from 0 to 1."""
    with torch.no_grad():
        return min_max(moving_average(score_frames(video.features, video.text, projections)[1], WINDOW_FRAMES))


if __name__ == "__main__":
    main()
