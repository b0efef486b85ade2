"""`zsar classify`: names the action in your own videos, among class names that you give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from zsar.api.adaptation.adaptation_files import read_adaptation
from zsar.api.answers import Classification, ranking
from zsar.datamodules.lists.given_videos import given_videos
from zsar.lightning_modules.command_line.classify.answer_files import AnswerFile
from zsar.lightning_modules.command_line.classify.answer_table import print_answers
from zsar.lightning_modules.command_line.classify.classify_options import (
    COMMAND,
    ClassifyOptions,
)
from zsar.lightning_modules.command_line.classify.embedded import embedded_answers
from zsar.lightning_modules.command_line.classify.requested_answers import (
    RequestedAnswers,
    requested_answers,
    tuning_summary,
)
from zsar.lightning_modules.command_line.damage_option import accepted_damage
from zsar.lightning_modules.command_line.requested_recognizer import requested_class_text, requested_recognizer
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
    """
    _check_output(options)
    asked = options.tuning.adaptation
    adaptation = None if asked is None else read_adaptation(asked)
    text = requested_class_text(options.text, None if options.embeddings is not None else options.model)
    if options.embeddings is not None:
        stored, threshold = embedded_answers(options, options.embeddings, text), options.printed.threshold
        return _print([ranking(a.file, a.probabilities, text.names, threshold, a.n_damaged) for a in stored], options)
    if adaptation is not None:
        adaptation.check_text(text)
    videos = list(_expand(options.videos))
    with waiting(message_console(), "loading the model (the first time, its weights are downloaded)"):
        model = requested_recognizer(options.model, device=options.device.device)
    answers = requested_answers(options, text, model, adaptation)
    if options.file.output is None:
        status = _print(list(_shown(answers.of(videos), len(videos), options)), options)
        _say_tuning(answers)
        return status
    return _write(answers, videos, text.names, options)


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


# --- what is shown ----------------------------------------------------------------------------------------------------


def _write(answers: RequestedAnswers, videos: Sequence[Path], names: Sequence[str], options: ClassifyOptions) -> int:
    """Writes the answers to a file as they come; returns the exit status."""
    assert options.file.output is not None
    file = AnswerFile(options.file.output, answers.made_with)
    left = [video for video in videos if str(video) not in file.done]
    if file.done:
        say(f"{len(videos) - len(left)} of {len(videos)} videos are in {file.part}; the others follow", error=True)
    damaged: list[int] = []
    for line in _shown(file.append_all(found.to_dict() for found in answers.of(left)), len(left), options):
        damaged.append(int(line["n_damaged_frames"]))
        if line["error"]:
            say_of("red", "not classified:", line["error"])
    n_failed = file.finish([str(video) for video in videos], names)
    _say_damage(damaged)
    _say_tuning(answers)
    say(f"{len(videos)} videos, {n_failed} of them without an answer, are in {file.path}")
    return 1 if n_failed else 0


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


def _say_tuning(answers: RequestedAnswers) -> None:
    if answers.tuning is not None and (summary := tuning_summary(answers.tuning)) is not None:
        say(summary, error=True)
