"""`zsar classify`: names the action in one's own videos, among names that one gives."""

from __future__ import annotations

import argparse
import glob
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor

from datamodules.batch import ClassText
from datamodules.class_text.templates import fill_templates
from datamodules.class_text.text_files import read_class_text
from datamodules.decoding import VideoDecodeError, VideoReader
from datamodules.frame_sampling import multi_clip_indices
from datamodules.transforms import TestTransform
from datamodules.video_index import find_videos
from lightning_modules.checkpoints import load_recognizer
from lightning_modules.clip import ZeroShotCLIP
from lightning_modules.command_parser import CommandParser
from lightning_modules.commands.class_names import read_class_names
from lightning_modules.networks.open_clip_weights import brings_weights
from lightning_modules.recognizer import ActionRecognizer
from zsar.runtime.number_limits import MOST_FRAMES_PER_VIEW, MOST_VIEWS, check_most
from zsar.runtime.terminal import result_console

NONE_OF_THESE = "none of these"


@dataclass(frozen=True)
class Ranking:
    """What the model says of one video.

    Attributes:
        path: The video.
        ranked: Class names with probabilities in [0, 1], the most probable first; empty where decoding failed.
        answer: The first of them, "none of these" below the threshold, or None where decoding failed.
        error: Why the video could not be decoded, or None.
    """

    path: str
    ranked: tuple[tuple[str, float], ...]
    answer: str | None
    error: str | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: The command line after `zsar classify`; None for the real one.

    Returns:
        0, or 1 where a video could not be decoded; the others are classified all the same.

    Raises:
        ValueError: No video, no class, or a number out of range.
    """
    options = _parser().parse_args(arguments)
    console = Console(stderr=True)
    if not 0 <= options.threshold <= 1:
        raise ValueError(f"--threshold is a probability between 0 and 1; got {options.threshold}")
    if min(options.frames or 1, options.clips, options.top_k) < 1 or options.frames == 0:
        raise ValueError("--frames, --clips and --top-k must be at least 1")
    check_most(MOST_FRAMES_PER_VIEW, frames=options.frames)
    check_most(MOST_VIEWS, clips=options.clips)
    videos = list(_expand(options.videos))
    text = _class_text(options)
    with console.status("loading the model, and its weights if they are not here yet"):
        model = _load_model(options)
    n_frames = options.frames or int(getattr(model, "n_frames", 8))
    view = _Views(model.backbone.image_size[0], n_frames, options.clips)
    embeddings = _embed_classes(model, text)
    quiet = options.json and not console.is_terminal
    rankings = [
        _classify(path, model, view, embeddings, text.names, options.threshold)
        for path in track(videos, "classifying", console=console, disable=quiet, transient=True)
    ]
    if options.json:
        print(json.dumps([_as_json(r) for r in rankings], indent=2, ensure_ascii=False))
    else:
        _print_table(rankings, options.top_k)
    failed = [r for r in rankings if r.error]
    for ranking in failed:
        console.print(f"[red]not classified:[/red] {ranking.error}", highlight=False, soft_wrap=True)
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="zsar classify",
        description="Name the action in videos, among names that you give. Any names will do: nothing is trained.",
        epilog="Probabilities are those among the given names: they sum to 1 even if none fits, so give the names that "
        "may occur, and a --threshold for videos that show something else.",
    )
    parser.add_argument("videos", nargs="+", metavar="VIDEO", help="video files, folders of videos, or glob patterns")
    names = parser.add_argument_group("class names")
    names.add_argument("--classes", metavar="NAMES", help='names separated by commas: "surfing, playing chess"')
    names.add_argument("--classes-file", type=Path, metavar="FILE", help="a text file with one name a line")
    names.add_argument(
        "--template", default="video", metavar="T", help='template "a video of {}", or a set: action_clip, photo, name'
    )
    names.add_argument(
        "--descriptions", metavar="FILE", help="class-text file (JSON), or the name of a shipped one, read instead"
    )
    models = parser.add_argument_group("model")
    models.add_argument("--checkpoint", type=Path, metavar="FILE", help="a model trained by `zsar fit` (default: CLIP)")
    models.add_argument("--architecture", metavar="NAME", help="open_clip model (default: ViT-B-16-quickgelu)")
    models.add_argument("--weights", metavar="W", help="open_clip tag or weights file (default: openai)")
    models.add_argument("--device", default=None, help="cpu, cuda, mps (default: a GPU if there is one)")
    models.add_argument("--frames", type=int, metavar="T", help="frames per clip (default: 8, or as trained)")
    models.add_argument("--clips", type=int, default=1, metavar="N", help="clips that are averaged (default: 1)")
    output = parser.add_argument_group("output")
    output.add_argument("--top-k", type=int, default=5, metavar="K", help="names shown for each video (default: 5)")
    output.add_argument(
        "--threshold",
        type=float,
        default=0.0,
        metavar="P",
        help=f'answer "{NONE_OF_THESE}" where the best probability is lower (default: 0, never)',
    )
    output.add_argument("--json", action="store_true", help="print JSON with all probabilities instead of a table")
    return parser


def _expand(patterns: Sequence[str]) -> Iterator[Path]:
    """Files as they are, folders searched for videos, patterns expanded; each file once."""
    seen: set[Path] = set()
    for pattern in patterns:
        path = Path(pattern).expanduser()
        if path.is_dir():
            found = list(find_videos(path))
        elif path.exists():
            found = [path]
        else:
            found = [Path(p) for p in sorted(glob.glob(str(path), recursive=True)) if Path(p).is_file()]
        if not found:
            raise ValueError(f"{pattern}: no such file, no folder with videos, and no pattern that matches a file")
        for each in found:
            if each not in seen:
                seen.add(each)
                yield each


def _class_text(options: argparse.Namespace) -> ClassText:
    names = read_class_names(options.classes, options.classes_file)
    if len(names) < 2:
        raise ValueError(
            f'there must be at least 2 class names to choose from; got {names}. Give them as --classes "a, b, c" or '
            "--classes-file FILE"
        )
    if options.descriptions is not None:
        return read_class_text("classify", names, options.descriptions)
    return fill_templates("classify", names, options.template)


def _load_model(options: argparse.Namespace) -> ActionRecognizer:
    device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    if options.checkpoint is not None:
        if options.architecture is not None:
            raise ValueError("--checkpoint names its own architecture; leave --architecture out")
        return load_recognizer(options.checkpoint, weights=options.weights, device=device)
    architecture = options.architecture or "ViT-B-16-quickgelu"
    weights = options.weights or (None if brings_weights(architecture) else "openai")
    return ZeroShotCLIP(architecture=architecture, weights=weights).eval().to(device)


class _Views:
    """Reads the test views of a video."""

    def __init__(self, image_size: int, n_frames: int, n_clips: int) -> None:
        self._transform = TestTransform(image_size)
        self._n_frames, self._n_clips = n_frames, n_clips

    def read(self, path: Path) -> Tensor:
        """uint8 [1, V, T, 3, H, W]; all cores decode, since there is one video at a time."""
        with VideoReader(path, threads=0) as reader:
            indices = multi_clip_indices(reader.n_frames, self._n_frames, self._n_clips)
            frames = reader.frames_at_indices(indices.flatten().tolist())
        clips = frames.unflatten(0, (self._n_clips, self._n_frames))
        return torch.cat([self._transform(clip) for clip in clips])[None]


@torch.inference_mode()
def _embed_classes(model: ActionRecognizer, text: ClassText) -> Tensor:
    return model.class_embeddings.cached(text.prompts, model.device)


@torch.inference_mode()
def _classify(
    path: Path, model: ActionRecognizer, views: _Views, embeddings: Tensor, names: Sequence[str], threshold: float
) -> Ranking:
    try:
        frames = views.read(path)
    except VideoDecodeError as error:
        return Ranking(str(path), (), None, str(error))
    logits = model(frames.to(model.device), embeddings)[0]
    if not logits.isfinite().all():
        return Ranking(str(path), (), None, f"{path}: the model's scores of it are NaN or infinite, so it has no class")
    probabilities = logits.softmax(dim=0)
    order = probabilities.argsort(descending=True).tolist()
    ranked = tuple((names[i], float(probabilities[i])) for i in order)
    return Ranking(str(path), ranked, ranked[0][0] if ranked[0][1] >= threshold else NONE_OF_THESE)


def _as_json(ranking: Ranking) -> dict[str, object]:
    return {
        "path": ranking.path,
        "answer": ranking.answer,
        "probabilities": {name: round(p, 6) for name, p in ranking.ranked},
        "error": ranking.error,
    }


def _print_table(rankings: Sequence[Ranking], top_k: int) -> None:
    table = Table("video", "answer", "rank", "class", "probability")
    table.columns[2].justify = table.columns[4].justify = "right"
    for ranking in rankings:
        if ranking.error:
            table.add_row(ranking.path, "[red]not decoded[/red]", "", "", "", end_section=True)
        shown = ranking.ranked[:top_k]
        for rank, (name, probability) in enumerate(shown, start=1):
            first = rank == 1
            table.add_row(
                ranking.path if first else "",
                f"[bold]{ranking.answer}[/bold]" if first else "",
                str(rank),
                name,
                f"{100 * probability:.1f} %",
                end_section=rank == len(shown),
            )
    result_console().print(table)
