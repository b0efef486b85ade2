"""`zsar classify`: names the action in your own videos, among class names that you give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from zsar.api.adaptation.adaptation_files import read_adaptation
from zsar.api.answers import Classification, ranking
from zsar.datamodules.lists.given_videos import given_videos
from zsar.lightning_modules.command_line.classify.answer_files import AnswerFile, lines_of_part
from zsar.lightning_modules.command_line.classify.answer_table import print_answers
from zsar.lightning_modules.command_line.classify.classify_options import ClassifyOptions
from zsar.lightning_modules.command_line.classify.embedded import embedded_answers
from zsar.lightning_modules.command_line.classify.live import classify_live
from zsar.lightning_modules.command_line.classify.requested_answers import (
    RequestedAnswers,
    requested_answers,
    tuning_summary,
)
from zsar.lightning_modules.command_line.damage_option import accepted_damage
from zsar.lightning_modules.command_line.drawn_copies import DrawnCopies, planned_copies
from zsar.lightning_modules.command_line.requested_recognizer import requested_class_text, requested_recognizer
from zsar.runtime.files.output_folders import check_free, check_output_folder
from zsar.runtime.files.same_files import each_file_once
from zsar.runtime.terminal import message_console, print_json, say, say_of, waiting

Answered = tuple[Classification, dict[str, Any]]
"""An answer, and the same as a line of JSON, with the copy that it is drawn onto."""


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
    asked = options.tuning.adaptation
    adaptation = None if asked is None else read_adaptation(asked)
    videos = list(_expand(options.videos))
    copies = _planned_copies(options, videos)
    text = requested_class_text(options.text, None if options.embeddings is not None else options.model)
    if options.embeddings is not None:
        stored, threshold = embedded_answers(options, options.embeddings, text), options.printed.threshold
        scored = [ranking(a.file, a.probabilities, text.names, threshold, a.n_damaged) for a in stored]
        return _print([(answer, answer.to_dict()) for answer in scored], options)
    if adaptation is not None:
        adaptation.check_text(text)
    with waiting(message_console(), "loading the model (the first time, its weights are downloaded)"):
        model = requested_recognizer(options.model, device=options.device.device)
    answers = requested_answers(options, text, model, adaptation)
    paths, drawing = [path for path, _ in videos], _drawing(copies, options)
    if options.file.output is not None:
        file = AnswerFile(options.file.output, answers.made_with, copies=copies)
        return _write(file, paths, text.names, answers, drawing, options)
    with drawing:
        answered = list(drawing.tracked(_drawn(answers.prepared.of(paths), drawing), "classifying", total=len(paths)))
    status = _print(answered, options)
    _say_tuning(answers)
    drawing.say_result(options.draw.draw)
    return 1 if drawing.n_failed else status


# --- what is asked for ------------------------------------------------------------------------------------------------


def _check_output(options: ClassifyOptions) -> None:
    output = options.file.output
    if output is None:
        return
    if output.is_dir():
        raise ValueError(f"--output {output} is a folder; give a file")
    check_output_folder(output.absolute().parent, option="--output, in the folder")
    check_free(output, force=options.file.force)


def _expand(patterns: Sequence[str]) -> Iterator[tuple[Path, Path]]:
    """Yields files, the videos of folders, and the matches of patterns, with their names; each file once."""
    listed = [video for pattern in patterns for video in given_videos(Path(pattern))]
    for row in each_file_once([str(path) for path, _ in listed]):
        yield listed[row]


def _planned_copies(options: ClassifyOptions, videos: Sequence[tuple[Path, Path]]) -> dict[str, Path]:
    """Where the answers are drawn; an existing file may be replaced if the run that is resumed made it."""
    copies = planned_copies(options.draw.draw, videos)
    before = [] if options.file.output is None or not copies else lines_of_part(options.file.output)
    ours = {line.get("drawn") for line in before[1:]}
    for copy in copies.values():
        if str(copy) not in ours:
            check_free(copy, force=options.file.force, option="--draw")
    return copies


# --- what is shown ----------------------------------------------------------------------------------------------------


def _write(
    file: AnswerFile,
    videos: Sequence[Path],
    names: Sequence[str],
    answers: RequestedAnswers,
    drawing: DrawnCopies,
    options: ClassifyOptions,
) -> int:
    """Writes the answers that are not in the file yet as they come; returns the exit status."""
    left = [video for video in videos if str(video) not in file.done]
    if file.done:
        say(f"{len(videos) - len(left)} of {len(videos)} videos are in {file.part}; the others follow", error=True)
    damaged: list[int] = []
    lines = file.append_all(line for _, line in _drawn(answers.prepared.of(left), drawing))
    with drawing:
        for line in drawing.tracked(lines, "classifying", total=len(left)):
            damaged.append(int(line["n_damaged_frames"]))
            if line["error"]:
                say_of("red", "not classified:", line["error"])
    if drawing.stopped is not None:
        raise drawing.stopped  # the same command resumes
    n_failed = file.finish([str(video) for video in videos], names)
    _say_damage(damaged)
    _say_tuning(answers)
    say(f"{len(videos)} videos, {n_failed} of them without an answer, are in {file.path}")
    drawing.say_result(options.draw.draw)
    return 1 if n_failed or drawing.n_failed else 0


def _drawing(copies: Mapping[str, Path], options: ClassifyOptions) -> DrawnCopies:
    """What draws the copies and shows the bars, but no bars where JSON is printed and nobody looks."""
    quiet = options.printed.json and not message_console().is_terminal
    return DrawnCopies(copies, top_k=options.printed.top_k, on_damage=options.damage.on_damage, hidden=quiet)


def _drawn(answers: Iterable[Classification], drawing: DrawnCopies) -> Iterator[Answered]:
    """Draws each answer; passes it on as it is, and as a line of JSON."""
    for answer in answers:
        yield answer, {**answer.to_dict(), **drawing.add(answer.path, answer, error=answer.error)}


def _print(answered: Sequence[Answered], options: ClassifyOptions) -> int:
    """Prints the answers; returns the exit status."""
    answers = [answer for answer, _ in answered]
    if options.printed.json:
        print_json([line for _, line in answered])
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
    tuning = answers.prepared.tuning
    if tuning is not None and (summary := tuning_summary(tuning)) is not None:
        say(summary, error=True)
