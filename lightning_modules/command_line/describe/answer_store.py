"""Answers of a language model: kept in a journal until they are written to the output file."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from zsar.datamodules.class_text.text_files import read_class_text_file, texts_of, write_class_text
from zsar.datamodules.class_text.text_format import Kind, Texts, problems_of_texts
from zsar.runtime.files.given_files import GivenFileError
from zsar.runtime.files.journals import JournalWriter, whole_lines
from zsar.runtime.text.text_files import shown

_REMEDY = "remove that line, or the file to begin again"


@dataclass(frozen=True)
class _Answer:
    """An accepted answer, as one line of the journal; `class_name` is stored under "class"."""

    kind: str
    class_name: str
    model: str
    source: str
    texts: Texts
    questions: tuple[str, ...]


class AnswerStore:
    """Answers by class. Each new answer is on disk before `add` returns, so that an interruption loses none.

    The journal FILE.partial has one JSON object per line. An incomplete last line, left by an interruption, is dropped.

    Attributes:
        journal: The path of the journal.
        n_of_others: Number of journal answers to other questions, or of another kind, model or number of texts; they
            are neither used nor removed.
    """

    def __init__(self, output: Path, kind: Kind, *, model: str, n_texts: int, questions: Sequence[str]) -> None:
        """Reads existing files.

        Args:
            output: The class-text file to write or extend.
            kind: The kind of the texts.
            model: Answers in the journal count only for this model; those in the output always count.
            n_texts: Number of texts per class.
            questions: Answers in the journal count only for these questions.

        Raises:
            ValueError: The existing output has another kind or number of texts, or a file is malformed.
        """
        self.output = output
        self.journal = output.with_name(output.name + ".partial")
        self.n_of_others = 0
        self._kind, self._model, self._n_texts, self._questions = kind, model, n_texts, tuple(questions)
        self._data_set = ""
        self._texts: dict[str, Texts] = {}
        self._sources: list[str] = []
        self._lock = threading.Lock()
        if _is_there(output):
            self._read_output()
        if _is_there(self.journal):
            self._read_journal()

    def __contains__(self, name: str) -> bool:
        """Whether a class has its answer."""
        return name in self._texts

    def __len__(self) -> int:
        """Number of classes with an answer, requested in this run or not."""
        return len(self._texts)

    def add(self, name: str, texts: Texts, *, source: str) -> None:
        """Persists an answer. Thread-safe.

        Args:
            name: The class.
            texts: Its texts.
            source: Which model gave them, where and when.
        """
        asked = {"kind": self._kind, "class": name, "model": self._model, "questions": self._questions}
        line = {**asked, "source": source, "texts": texts}
        with self._lock:
            with JournalWriter(self.journal, is_synced=True) as writer:
                writer.append(line)
            self._keep(name, texts, source)

    def write_output(self, names: Sequence[str], data_set: str) -> None:
        """Writes the output in one step, and removes the journal if the output holds all its answers.

        Args:
            names: Classes in the order to write; other classes of the output follow.
            data_set: The data set of the classes, used if the output does not state one yet.
        """
        ordered = [name for name in names if name in self._texts]
        ordered += [name for name in self._texts if name not in set(ordered)]
        write_class_text(
            self.output,
            self._kind,
            data_set=self._data_set or data_set,
            source="; ".join(self._sources),
            classes={name: self._texts[name] for name in ordered},
        )
        if not self.n_of_others:
            self.journal.unlink(missing_ok=True)

    def _keep(self, name: str, texts: Texts, source: str) -> None:
        self._texts[name] = texts
        if source not in self._sources:
            self._sources.append(source)

    def _read_output(self) -> None:
        file = read_class_text_file(self.output)
        if file.kind != self._kind:
            raise ValueError(
                f"{self.output} exists and is of kind {file.kind}, not {self._kind}; give another --output"
            )
        for name, texts in file.classes.items():
            if len(texts_of(texts)) != self._n_texts:
                raise ValueError(
                    f"{self.output} exists and has {len(texts_of(texts))} texts for {shown(name)}, not "
                    f"{self._n_texts}, and every class needs the same number; give another --output"
                )
        self._data_set = file.data_set
        self._texts = dict(file.classes)
        self._sources = (file.source or "written by hand").split("; ") if file.classes else []

    def _read_journal(self) -> None:
        for number, line in enumerate(whole_lines(self.journal, remedy=_REMEDY), start=1):
            answer = self._parsed(line, number)
            asked = (answer.kind, answer.model, answer.questions)
            is_ours = asked == (self._kind, self._model, self._questions)
            if is_ours and len(texts_of(answer.texts)) == self._n_texts:
                if answer.class_name not in self._texts:
                    self._keep(answer.class_name, answer.texts, answer.source)
            else:
                self.n_of_others += 1

    def _parsed(self, line: Mapping[str, Any], number: int) -> _Answer:
        problem = next(_problems_of_answer(line), None)
        if problem is not None:
            raise GivenFileError(self.journal, f"line {number} was not written by zsar ({problem})", _REMEDY)
        # Older journals do not state their questions: their answers are to others.
        asked = tuple(line.get("questions", ()))
        return _Answer(line["kind"], line["class"], line["model"], line["source"], line["texts"], asked)


def _is_there(path: Path) -> bool:
    """Whether a path exists; a broken link counts as missing, since a file will be written there.

    Raises:
        OSError: The path cannot be resolved, such as a link to itself, so that nothing could be written.
    """
    try:
        os.stat(path)
    except FileNotFoundError:
        return False
    return True


def _problems_of_answer(line: Mapping[str, Any]) -> Iterator[str]:
    for name in ("kind", "class", "model", "source"):
        if not isinstance(line.get(name), str):
            yield f"{name} is not text"
    questions = line.get("questions", [])
    if not isinstance(questions, list) or not all(isinstance(question, str) for question in questions):
        yield "questions is not a list of texts"
    if line.get("kind") not in get_args(Kind):
        yield f"there is no kind {shown(line.get('kind'))}"
    yield from problems_of_texts(line["kind"], line.get("texts"))
