"""`zsar classify`: names the action in your own videos, among class names that you give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from zsar.api.classification import Classification, classified, ranking
from zsar.api.given_videos import ViewSettings, view_settings
from zsar.datamodules.batch import ClassText
from zsar.datamodules.lists.given_videos import given_videos
from zsar.lightning_modules.command_line.classify.answer_files import AnswerFile
from zsar.lightning_modules.command_line.classify.answer_table import print_answers
from zsar.lightning_modules.command_line.classify.classify_options import (
    COMMAND,
    ClassifyOptions,
)
from zsar.lightning_modules.command_line.classify.embedded import embedded_answers
from zsar.lightning_modules.command_line.classify.live import classify_live
from zsar.lightning_modules.command_line.damage_option import accepted_damage
from zsar.lightning_modules.command_line.requested_recognizer import requested_class_text, requested_recognizer
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.runtime.files.output_folders import check_free, check_output_folder
from zsar.runtime.files.same_files import each_file_once
from zsar.runtime.terminal import (
    message_console,
    print_json,
    say,
    say_of,
    tracked,
    waiting,
)

T = TypeVar("T")


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses the command line and runs the command.

    Args:
        arguments: The command line after `zsar classify`; None for the real one.

    Returns:
        As of `run`.
    """
    return run(COMMAND.parse(arguments))


def run(options: ClassifyOptions) -> int:
    """Classifies the videos and prints the answers, or writes them to a file.

    Args:
        options: The parsed command line.

    Returns:
        0, or 1 if a video could not be decoded; the others are still classified.

    Raises:
        ValueError: No video, no class, a number out of range, or a file that cannot be written.
        VideoDecodeError: A live source cannot be read.
    """
    if options.live.stream is not None:
        return classify_live(options, options.live.stream)
    _check_output(options)
    text = requested_class_text(options.text, None if options.embeddings is not None else options.model)
    if options.embeddings is not None:
        stored, threshold = embedded_answers(options, options.embeddings, text), options.printed.threshold
        return _print([ranking(a.file, a.probabilities, text.names, threshold, a.n_damaged) for a in stored], options)
    videos = list(_expand(options.videos))
    with waiting(message_console(), "loading the model (the first time, its weights are downloaded)"):
        model = requested_recognizer(options.model, device=options.device.device)
    settings = view_settings(
        model, frames=options.model.frames, clips=options.model.clips, on_damage=options.damage.on_damage
    )
    answer = partial(
        classified,
        text=text,
        model=model,
        settings=settings,
        threshold=options.printed.threshold,
        batch_size=options.work.batch_size,
        n_workers=options.work.n_workers,
        precision=options.work.precision,
    )
    if options.file.output is None:
        return _print(list(_shown(answer(videos), len(videos), options)), options)
    file = AnswerFile(options.file.output, _made_with(options, text, model, settings))
    left = [video for video in videos if str(video) not in file.done]
    if file.done:
        say(f"{len(videos) - len(left)} of {len(videos)} videos are in {file.part}; the others follow", error=True)
    damaged: list[int] = []
    for line in _shown(file.append_all(found.to_dict() for found in answer(left)), len(left), options):
        damaged.append(int(line["n_damaged_frames"]))
        if line["error"]:
            say_of("red", "not classified:", line["error"])
    n_failed = file.finish([str(video) for video in videos], text.names)
    _say_damage(damaged)
    say(f"{len(videos)} videos, {n_failed} of them without an answer, are in {file.path}")
    return 1 if n_failed else 0


# --- what is asked for ------------------------------------------------------------------------------------------------


def _check_output(options: ClassifyOptions) -> None:
    output = options.file.output
    if output is None:
        return
    if output.is_dir():
        raise ValueError(f"--output {output} is a folder; give a file")
    check_output_folder(output.absolute().parent, option="--output, in the folder")
    check_free(output, force=options.file.force)


def _expand(patterns: Sequence[str]) -> Iterator[Path]:
    """Yields files, the videos of folders, and the matches of patterns; each file once."""
    listed = [path for pattern in patterns for path, _ in given_videos(Path(pattern))]
    for row in each_file_once([str(path) for path in listed]):
        yield listed[row]


def _made_with(
    options: ClassifyOptions, text: ClassText, model: ActionRecognizer, settings: ViewSettings
) -> dict[str, object]:
    """What decides about the answers; a resumed command must have the same."""
    return {
        "model": type(model).__name__,
        "architecture": model.backbone.architecture,
        "weights_hash": model.checkpoint_weights_hash or model.backbone.weights_hash,
        "classes": list(text.names),
        "prompts_hash": text.content_hash,
        "frames": settings.n_frames,
        "clips": settings.n_clips,
        "on_damage": settings.on_damage,
        "threshold": options.printed.threshold,
        "precision": options.work.precision,
    }


# --- what is shown ----------------------------------------------------------------------------------------------------


def _shown(answers: Iterable[T], n_videos: int, options: ClassifyOptions) -> Iterator[T]:
    """Passes answers on under a progress bar; without one where JSON is printed and nobody looks."""
    console = message_console()
    quiet = options.printed.json and not console.is_terminal
    return tracked(answers, "classifying", console=console, hidden=quiet, total=n_videos)


def _print(answers: Sequence[Classification], options: ClassifyOptions) -> int:
    """Prints the answers; returns the exit status."""
    if options.printed.json:
        print_json([answer.to_dict() for answer in answers])
    else:
        print_answers(answers, top_k=options.printed.top_k)
    _say_damage([answer.n_damaged for answer in answers])
    failed = [answer for answer in answers if answer.error]
    for answer in failed:
        say_of("red", "not classified:", answer.error)
    return 1 if failed else 0


def _say_damage(n_damaged: Sequence[int]) -> None:
    if any(n_damaged):
        say(accepted_damage(n_damaged), error=True)
