"""Milliseconds per video of a memory of test videos (TDA, DMN), beside a plain restatement, and its size.

    python benchmarks/bench_memory.py [--videos 3783] [--plain-videos 100]

As many videos as UCF-101's first split tests, its 101 classes, embeddings of 512 numbers as ViT-B/16 has them, made up
around the classes: embedding them is not timed, which takes a hundred times as long on a CPU. "Two passes" is inserting
all and scoring all at once; "stream" is one after the other. The restatement is `tests/reference/tda.py`, in a stream.
"""

from __future__ import annotations

import argparse
import pickle
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parents[1]))  # neither benchmarks nor tests are installed
from benchmarks.rows import Row, add_row_options, write_rows
from tests.reference import tda as reference
from zsar.callbacks.confidence_memory.kept_views import Observations, observe_for_dmn, observe_for_tda
from zsar.callbacks.confidence_memory.memory_rule import Memory, MemoryMethod, empty_memory, memory_settings
from zsar.runtime.terminal import say

_SCALE = 100.0


def made_up(n_videos: int, n_classes: int, width: int) -> tuple[Tensor, Tensor]:
    """Unit embeddings of videos [N, D] and of their classes [C, D], with cosines as CLIP has them: around 0.25."""
    torch.manual_seed(0)
    classes = functional.normalize(torch.randn(n_classes, width), dim=1)
    videos = classes[torch.randint(n_classes, (n_videos,))] + 0.15 * torch.randn(n_videos, width)
    return functional.normalize(videos, dim=1), classes


def seconds(work: Callable[[], object]) -> float:
    """Of one run."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def two_passes(memory: Memory, videos: Observations) -> Tensor:
    """Inserts all, and scores all."""
    for row in range(len(videos)):
        memory.insert(videos, row, identity=f"{row:06d}")
    return memory.score(videos)


def stream(memory: Memory, videos: Observations) -> Tensor:
    """Inserts and scores one after the other."""
    scores = []
    for row in range(len(videos)):
        memory.insert(videos, row, identity=f"{row:06d}")
        scores.append(memory.score(videos.select(slice(row, row + 1))))
    return torch.cat(scores)


def plain(method: MemoryMethod, embeddings: Tensor, classes: Tensor) -> None:
    """The stream of the restatement."""
    texts = classes.double().numpy()
    memory: Any = reference.TDA(len(classes), positive=(3, 2.0, 5.0), negative=(2, 0.117, 1.0))
    if method == "DMN":
        memory = reference.DMN(texts, scale=_SCALE, slots=50, beta=5.5, weight=1.0)
    for row in embeddings.double().numpy():
        if method == "DMN":
            memory.insert(row[None], 0.1)
            memory.score(row)
        else:
            f, z, p, h = reference.tda_views(row[None], texts, _SCALE, 0.1)
            memory.insert(f, z, p, h)
            memory.score(f, z)


def rows_of(method: MemoryMethod, embeddings: Tensor, classes: Tensor, *, n_plain: int) -> list[Row]:
    """What was measured of a method."""
    logits, one = _SCALE * embeddings @ classes.T, torch.ones(1)
    if method == "TDA":
        videos = observe_for_tda(embeddings[:, None], logits[:, None], one, 0.1)
    else:
        videos = observe_for_dmn(embeddings, logits, logits[:, None], one, 0.1)
    memories = [empty_memory(memory_settings(method), classes, torch.tensor(_SCALE)) for _ in range(2)]
    n = len(videos)
    at_once = 1e3 * seconds(lambda: two_passes(memories[0], videos)) / n
    one_by_one = 1e3 * seconds(lambda: stream(memories[1], videos)) / n
    restated = 1e3 * seconds(lambda: plain(method, embeddings[:n_plain], classes)) / n_plain
    held = sum(map(sum, memories[0].counts().values()))
    return [
        Row(what=f"{method}, two passes, {n} videos of {len(classes)} classes", unit="ms/video", ours=at_once),
        Row(
            what=f"{method}, stream",
            unit="ms/video",
            ours=one_by_one,
            alternative="plain loops",
            theirs=restated,
            note=f"loops: the first {n_plain} videos, when little is stored",
        ),
        Row(what=f"{method}, memory of {held} videos", unit="MB", ours=len(pickle.dumps(memories[0])) / 1e6),
    ]


def main() -> None:
    """Measures, and prints a line a figure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--videos", type=int, default=3783)
    parser.add_argument("--plain-videos", type=int, default=100)
    add_row_options(parser)
    options = parser.parse_args()
    n_videos, n_classes, n_plain = options.videos, 101, options.plain_videos
    if options.quick:
        n_videos, n_classes, n_plain = 40, 5, 5
    embeddings, classes = made_up(n_videos, n_classes, 512)
    rows = [
        row for method in ("TDA", "DMN") for row in rows_of(method, embeddings, classes, n_plain=min(n_plain, n_videos))
    ]
    for row in rows:
        theirs = "" if row.theirs is None else f"; {row.alternative} {row.theirs:.3g} {row.unit} ({row.note})"
        say(f"{row.what}: {row.ours:.3g} {row.unit}{theirs}")
    write_rows(options, rows)


if __name__ == "__main__":
    main()
