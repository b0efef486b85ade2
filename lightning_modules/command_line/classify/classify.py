"""`zsar classify`: names the action in your own videos, among class names that you give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from rich.progress import TimeElapsedColumn, TimeRemainingColumn

from zsar.api.class_names import check_names_fit, read_class_names
from zsar.api.classification import Classification, classified, ranking
from zsar.api.given_videos import ViewSettings, view_settings
from zsar.api.loading import load
from zsar.datamodules.batch import ClassText
from zsar.datamodules.class_text.templates import fill_templates
from zsar.datamodules.class_text.text_files import read_class_text
from zsar.datamodules.lists.given_videos import given_videos
from zsar.lightning_modules.command_line.classify.answer_files import AnswerFile
from zsar.lightning_modules.command_line.classify.answer_table import print_answers
from zsar.lightning_modules.command_line.classify.classify_options import (
    COMMAND,
    DEFAULT_ARCHITECTURE,
    ClassifyOptions,
)
from zsar.lightning_modules.command_line.classify.embedded import embedded_answers
from zsar.lightning_modules.command_line.damage_option import accepted_damage
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.runtime.files.output_folders import check_output_folder
from zsar.runtime.files.same_files import each_file_once
from zsar.runtime.terminal import (
    message_console,
    print_json,
    progress_bar,
    progress_text,
    say,
    say_of,
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
    """
    _check_output(options)
    text = _class_text(options)
    if options.embeddings is not None:
        stored, threshold = embedded_answers(options, options.embeddings, text), options.printed.threshold
        return _print([ranking(a.file, a.probabilities, text.names, threshold, a.n_damaged) for a in stored], options)
    videos = list(_expand(options.videos))
    with waiting(message_console(), "loading the model (the first time, its weights are downloaded)"):
        model = _load_model(options)
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
    if output.exists() and not options.file.force:
        raise ValueError(f"{output} is there already; give another --output, or --force to replace it")


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
    if options.model.checkpoint is None and options.embeddings is None:
        check_names_fit(text, options.model.architecture or DEFAULT_ARCHITECTURE)
    return text


def _load_model(options: ClassifyOptions) -> ActionRecognizer:
    asked = options.model
    if asked.checkpoint is not None and asked.architecture is not None:
        raise ValueError("--checkpoint names its own architecture; leave --architecture out")
    model = asked.checkpoint or asked.architecture or DEFAULT_ARCHITECTURE
    return load(model, weights=asked.weights, device=options.device.device)


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
    columns = (progress_text("classifying {task.completed}/{task.total}"), TimeElapsedColumn(), TimeRemainingColumn())
    with progress_bar(console, *columns, transient=True, hidden=quiet) as bar:
        task = bar.add_task("", total=n_videos)
        for answer in answers:
            yield answer
            bar.advance(task)


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
