"""`zsar classify`: names the action in your own videos, among class names that you give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.table import Table
from torch import Tensor

from zsar.datamodules.batch import ClassText
from zsar.datamodules.class_text.templates import fill_templates
from zsar.datamodules.class_text.text_files import read_class_text
from zsar.datamodules.lists.given_videos import given_videos
from zsar.datamodules.video_files.decoding import VideoDecodeError, VideoReader
from zsar.datamodules.video_files.frame_chunks import small_frames
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.datamodules.views.frame_sampling import multi_clip_indices
from zsar.datamodules.views.transforms import TestTransform
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.command_line.class_names import check_names_fit, read_class_names
from zsar.lightning_modules.command_line.classify.classify_options import (
    COMMAND,
    DEFAULT_ARCHITECTURE,
    NONE_OF_THESE,
    ClassifyOptions,
)
from zsar.lightning_modules.command_line.damage_option import accepted_damage
from zsar.lightning_modules.command_line.options.devices import device_names
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.default_weights import default_weights
from zsar.lightning_modules.recognition.loading import load_recognizer
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.runtime.files.same_files import each_file_once
from zsar.runtime.terminal import (
    message_console,
    print_json,
    print_whole,
    result_console,
    say,
    say_of,
    styled,
    tracked,
    waiting,
)


@dataclass(frozen=True)
class Ranking:
    """The model's answer for one video.

    Attributes:
        path: The video.
        ranked: Class names with probabilities in [0, 1], most probable first; empty if decoding failed.
        answer: The first name, "none of these" below the threshold, or None if decoding failed.
        error: Why the video could not be decoded, or None.
        n_damaged: Number of accepted damaged frames among those decoded.
    """

    path: str
    ranked: tuple[tuple[str, float], ...]
    answer: str | None
    error: str | None = None
    n_damaged: int = 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses the command line and runs the command.

    Args:
        arguments: The command line after `zsar classify`; None for the real one.

    Returns:
        As of `run`.
    """
    return run(COMMAND.parse(arguments))


def run(options: ClassifyOptions) -> int:
    """Classifies the videos and prints the answers.

    Args:
        options: The parsed command line.

    Returns:
        0, or 1 if a video could not be decoded; the others are still classified.

    Raises:
        ValueError: No video, no class, or a number out of range.
    """
    console = message_console()
    videos = list(_expand(options.videos))
    text = _class_text(options)
    with waiting(console, "loading the model (the first time, its weights are downloaded)"):
        model = _load_model(options)
    n_frames = options.model.frames or int(getattr(model, "n_frames", 8))
    view = _Views(model.backbone.image_size[0], n_frames, options.model.clips, options.damage.on_damage)
    embeddings = _embed_classes(model, text)
    quiet = options.printed.json and not console.is_terminal
    rankings = [
        _classify(path, model, view, embeddings, text.names, options.printed.threshold)
        for path in tracked(videos, "classifying", console=console, hidden=quiet)
    ]
    if options.printed.json:
        print_json([_as_json(r) for r in rankings])
    else:
        _print_table(rankings, options.printed.top_k)
    if any(ranking.n_damaged for ranking in rankings):
        say(accepted_damage([ranking.n_damaged for ranking in rankings]), error=True)
    failed = [r for r in rankings if r.error]
    for ranking in failed:
        say_of("red", "not classified:", ranking.error)
    return 1 if failed else 0


def _expand(patterns: Sequence[str]) -> Iterator[Path]:
    """Yields files, the videos of folders, and the matches of patterns; each file once."""
    listed = [path for pattern in patterns for path, _ in given_videos(Path(pattern))]
    for row in each_file_once([str(path) for path in listed]):
        yield listed[row]


def _class_text(options: ClassifyOptions) -> ClassText:
    names = read_class_names(options.text.classes, options.text.classes_file)
    if len(names) < 2:
        raise ValueError(
            f'there must be at least 2 class names to choose from; got {names}. Give them as --classes "a, b, c" or '
            "--classes_file FILE"
        )
    if options.text.descriptions is not None:
        return read_class_text("classify", names, options.text.descriptions)
    text = fill_templates("classify", names, options.text.template)
    if options.model.checkpoint is None:
        check_names_fit(text, _architecture(options))
    return text


def _architecture(options: ClassifyOptions) -> str:
    return options.model.architecture or DEFAULT_ARCHITECTURE


def _load_model(options: ClassifyOptions) -> ActionRecognizer:
    (device,) = device_names(options.device.device, 1)
    if options.model.checkpoint is not None:
        if options.model.architecture is not None:
            raise ValueError("--checkpoint names its own architecture; leave --architecture out")
        return load_recognizer(options.model.checkpoint, weights=options.model.weights, device=device)
    architecture = _architecture(options)
    weights = options.model.weights or default_weights(architecture)
    return ZeroShotCLIP(backbone=ClipSettings(architecture, weights)).eval().to(device)


class _Views:
    """Reads the test views of a video."""

    def __init__(self, image_size: int, n_frames: int, n_clips: int, on_damage: OnDamage) -> None:
        self._on_damage: OnDamage = on_damage
        self._transform = TestTransform(image_size)
        self._n_frames, self._n_clips = n_frames, n_clips

    def read(self, path: Path) -> tuple[Tensor, int]:
        """uint8 [1, V, T, 3, H, W], and the number of accepted damaged frames; uses all cores, one video at a time."""
        with VideoReader(path, threads=0, on_damage=self._on_damage) as reader:
            indices = multi_clip_indices(reader.n_frames, self._n_frames, self._n_clips)
            frames = small_frames(reader, indices, lambda frames: self._transform(frames)[0])
            return frames[None], reader.n_damaged


@torch.inference_mode()
def _embed_classes(model: ActionRecognizer, text: ClassText) -> Tensor:
    return model.class_embeddings.cached(text.prompts, model.device)


@torch.inference_mode()
def _classify(
    path: Path, model: ActionRecognizer, views: _Views, embeddings: Tensor, names: Sequence[str], threshold: float
) -> Ranking:
    try:
        frames, n_damaged = views.read(path)
    except (VideoDecodeError, MemoryError) as error:
        return Ranking(str(path), (), None, str(error) or f"{path}: not enough memory for its frames")
    logits = model(frames.to(model.device), embeddings)[0]
    if not logits.isfinite().all():
        return Ranking(str(path), (), None, f"{path}: the model's scores of it are NaN or infinite, so it has no class")
    probabilities = logits.softmax(dim=0)
    order = probabilities.argsort(descending=True).tolist()
    ranked = tuple((names[i], float(probabilities[i])) for i in order)
    return Ranking(str(path), ranked, ranked[0][0] if ranked[0][1] >= threshold else NONE_OF_THESE, n_damaged=n_damaged)


def _as_json(ranking: Ranking) -> dict[str, object]:
    return {
        "path": ranking.path,
        "answer": ranking.answer,
        "probabilities": {name: round(p, 6) for name, p in ranking.ranked},
        "n_damaged_frames": ranking.n_damaged,
        "error": ranking.error,
    }


def _print_table(rankings: Sequence[Ranking], top_k: int) -> None:
    table = Table("video", "answer", "rank", "class", "probability")
    table.columns[2].justify = table.columns[4].justify = "right"
    for ranking in rankings:
        if ranking.error:
            table.add_row(ranking.path, styled("not decoded", "red"), "", "", "", end_section=True)
        shown = ranking.ranked[:top_k]
        for rank, (name, probability) in enumerate(shown, start=1):
            first = rank == 1
            table.add_row(
                ranking.path if first else "",
                styled(ranking.answer, "bold") if first else "",
                str(rank),
                name,
                f"{100 * probability:.1f} %",
                end_section=rank == len(shown),
            )
    print_whole(result_console(), table)
