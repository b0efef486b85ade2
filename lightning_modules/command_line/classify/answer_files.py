"""`zsar classify --output FILE`: answers in a file, written as they come, so that a stopped command resumes.

While the command runs, each answer is appended to `FILE.part`, whose first line says how the answers are made. At the
end FILE is written as a whole, in the order of the videos, and the part is removed.

`probabilities` are those among the given names, which sum to 1. Of models with a logit bias (SigLIP) an answer also has
`own_probabilities`, of each name by itself, which `--threshold` is compared with; in CSV the columns `own_probability`
and, for each name, `own probability of NAME`.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from zsar.lightning_modules.command_line.drawn_copies import KEYS, without_keys
from zsar.runtime.files.given_files import GivenFileError
from zsar.runtime.files.journals import JournalWriter, whole_lines
from zsar.runtime.files.whole_files import whole_file
from zsar.runtime.text.written_names import written_name

SUFFIXES = (".json", ".jsonl", ".csv")
_REMEDY = "remove it, or choose another --output"


class AnswerFile:
    """A file of answers that a command completes, in one run or several."""

    def __init__(self, path: Path, made_with: Mapping[str, Any], *, copies: Mapping[str, Path]) -> None:
        """Reads what an earlier run has left.

        Args:
            path: The file to write.
            made_with: How the answers are made, JSON-serializable.
            copies: Where the answers are drawn (`planned_copies`); a video whose copy is not there is not done.

        Raises:
            ValueError: The part that an earlier run left was made in another way; the message names the difference.
            GivenFileError: The part was not written by zsar; the message names the line.
        """
        self.path = path
        self.part = part_of(path)
        self.made_with = json.loads(json.dumps(made_with))
        self._copies = copies
        lines = lines_of_part(path)
        if lines:
            self._check_same(lines[0])
        self._is_begun = bool(lines)
        self.done = {line["path"] for line in lines[1:] if self._is_done(line)}

    def _is_done(self, line: Mapping[str, Any]) -> bool:
        video = line.get("path")
        if not isinstance(video, str) or line.get("error"):
            return False
        copy = self._copies.get(video)
        return copy is None or (line.get("drawn") == str(copy) and copy.is_file())

    def _check_same(self, before: Mapping[str, Any]) -> None:
        for name, value in self.made_with.items():
            if before.get(name) != value:
                raise ValueError(
                    f"{self.part} holds answers of an earlier run with {name} {before.get(name)!r}, this one has "
                    f"{value!r}; repeat the earlier command to resume it, {_REMEDY}"
                )

    def append_all(self, answers: Iterator[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        """Passes answers on when they are in the file."""
        with JournalWriter(self.part) as journal:
            if not self._is_begun:
                journal.append(self.made_with)
            for answer in answers:
                journal.append(answer)
                yield answer

    def finish(self, paths: Sequence[str], names: Sequence[str]) -> int:
        """Writes the file from the part, and removes the part.

        Args:
            paths: All videos, in order.
            names: The class names, in order: the last columns of a CSV file.

        Returns:
            Number of videos without an answer.
        """
        lines = lines_of_part(self.path)
        answers = {line["path"]: line for line in lines[1:]}  # the last one of each video
        ordered = [answers[path] if self._copies else without_keys(answers[path]) for path in paths]
        with whole_file(self.path) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
            _WRITERS[self.path.suffix.lower()](file, ordered, names)
        self.part.unlink()
        return sum(answer["error"] is not None for answer in ordered)


def lines_of_part(path: Path) -> list[dict[str, Any]]:
    """What an earlier run has left: how its answers are made, then its answers; empty if there is nothing.

    Args:
        path: The file that the run was to write.

    Raises:
        GivenFileError: The part was not written by zsar.
    """
    part = part_of(path)
    lines = whole_lines(part, remedy=_REMEDY, bytes_of_names=True) if part.exists() else []
    for number, answer in enumerate(lines[1:], start=2):
        if (problem := _problem(answer)) is not None:
            raise GivenFileError(part, f"line {number} was not written by zsar ({problem})", _REMEDY)
    return lines


def _problem(answer: Mapping[str, Any]) -> str | None:
    """What an answer of a part lacks; None for a whole one."""
    error, probabilities = answer.get("error", 0), answer.get("probabilities")
    if not isinstance(answer.get("path"), str):
        return "it names no video"
    if not (error is None or isinstance(error, str)):
        return "it does not say whether there is an error"
    if not isinstance(answer.get("answer"), str if error is None else str | None):
        return "it has no answer"
    if type(answer.get("n_damaged_frames")) is not int or answer["n_damaged_frames"] < 0:
        return "it has no number of damaged frames"
    if not _are_probabilities(probabilities):
        return "its probabilities are not numbers from 0 to 1"
    if not _are_probabilities(answer.get("own_probabilities", {})):
        return "its own probabilities are not numbers from 0 to 1"
    if "untuned" in answer and not _is_scored(answer["untuned"]):
        return "it does not say what it was untuned"
    if not all(isinstance(answer.get(name), str | None) for name in KEYS):
        return "it does not say where it is drawn"
    return None


def _is_scored(untuned: object) -> bool:
    return (
        isinstance(untuned, dict)
        and isinstance(untuned.get("answer", 0), str | None)
        and _are_probabilities(untuned.get("probabilities"))
        and _are_probabilities(untuned.get("own_probabilities", {}))
    )


def _are_probabilities(values: object) -> bool:
    return isinstance(values, dict) and all(map(_is_probability, values.values()))


def _is_probability(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def part_of(path: Path) -> Path:
    """The file that answers are appended to while a command runs."""
    return path.with_name(f"{path.name}.part")


def _write_json(file: TextIO, answers: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
    file.write(f"{json.dumps(answers, ensure_ascii=True, indent=1)}\n")


def _write_jsonl(file: TextIO, answers: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
    file.writelines(json.dumps(answer, ensure_ascii=True) + "\n" for answer in answers)


def _write_csv(file: TextIO, answers: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
    writer = csv.writer(file)
    is_tuned = any("untuned" in answer for answer in answers)
    has_own = any("own_probabilities" in answer for answer in answers)
    best = ["answer", "probability", *(["own_probability"] if has_own else [])]
    untuned = [f"untuned_{name}" for name in best] if is_tuned else []
    drawn = [name for name in KEYS if name in answers[0]]
    own = [f"own probability of {name}" for name in names] if has_own else []
    writer.writerow(["path", *best, *untuned, "n_damaged_frames", "error", *drawn, *names, *own])
    for answer in answers:
        about = [
            written_name(answer["path"]),
            *_best(answer, has_own=has_own),
            *(_best(answer.get("untuned", {}), has_own=has_own) if is_tuned else []),
            answer["n_damaged_frames"],
            answer["error"] or "",
            *(written_name(answer[name] or "") for name in drawn),
        ]
        kinds = ("probabilities", "own_probabilities") if has_own else ("probabilities",)
        writer.writerow([*about, *(answer.get(kind, {}).get(name, "") for kind in kinds for name in names)])


def _best(answer: Mapping[str, Any], *, has_own: bool) -> list[object]:
    """The answer with its probability, and with its own one; of "none of these", those of the most probable name."""
    probabilities: Mapping[str, float] = answer.get("probabilities", {})
    name = answer.get("answer") or ""
    shown = name if name in probabilities else max(probabilities, key=lambda each: probabilities[each], default="")
    kinds = (probabilities, answer.get("own_probabilities", {})) if has_own else (probabilities,)
    return [name, *(kind.get(shown, "") for kind in kinds)]


_WRITERS = {".json": _write_json, ".jsonl": _write_jsonl, ".csv": _write_csv}
