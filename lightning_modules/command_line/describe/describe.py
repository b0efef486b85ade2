"""`zsar describe`: class text from a language model, for models that read more of a class than its name."""

from __future__ import annotations

import argparse
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import get_args

from rich.progress import TimeElapsedColumn

from zsar.datamodules.class_identity import clean_names
from zsar.datamodules.class_text.text_files import Kind
from zsar.datamodules.class_text.vocabulary import exact_names
from zsar.lightning_modules.command_line.class_names import each_class_once, read_class_names
from zsar.lightning_modules.command_line.command_parser import CommandParser
from zsar.lightning_modules.command_line.describe.answer_store import AnswerStore
from zsar.lightning_modules.command_line.describe.class_questions import ClassQuestion
from zsar.lightning_modules.command_line.describe.language_model import LanguageModel, ModelSettings
from zsar.lightning_modules.command_line.describe.retrying import Patience, UnansweredError, ask_until_accepted
from zsar.runtime.terminal import message_console, progress_bar, progress_text, say, say_of, shown

_INTERRUPTED = 130  # what shells expect of a command that was stopped by Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: The command line after `zsar describe`; None for the real one.

    Returns:
        0 where all classes have their text, 1 where some do not, 130 after Ctrl-C; what was answered is always kept.

    Raises:
        ValueError: No class, a number out of range, an output that is of another kind, or a model that cannot be asked.
    """
    options = _parser().parse_args(arguments)
    _check_numbers(options)
    names, data_set = _classes(options)
    questions = [ClassQuestion(name, options.kind, options.per_attribute) for name in names]
    store = AnswerStore(options.output, options.kind, model=options.model, n_texts=questions[0].n_texts)
    if store.n_of_others:
        said = f"{store.journal} also holds {store.n_of_others} answers of other settings, which are left there"
        say(said, error=True)
    missing = [question for question in questions if question.name not in store]
    if len(missing) < len(names):
        say(f"{len(names) - len(missing)} of {len(names)} classes are there already", error=True)
    try:
        failed = _ask_all(missing, store, options) if missing else {}
    except KeyboardInterrupt:
        n_kept = sum(name in store for name in names)
        said = f"interrupted: {n_kept} of {len(names)} answers are kept; the same command goes on from there"
        say(said, error=True)
        return _INTERRUPTED
    if len(store):
        store.write_output(names, data_set)
        say(f"wrote {options.output}: {len(names) - len(failed)} of {len(names)} classes")
    for name, reason in failed.items():
        say_of("red", "not described:", f"{name}: {reason}")
    if failed:
        say(f"the same command asks again for the {len(failed)} that failed, and only for them", error=True)
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="zsar describe",
        description="Have a language model describe classes, for models that read more of a class than its name. Any "
        "server that speaks OpenAI's /v1/chat/completions will do. A run that was stopped, by whatever, goes on with "
        "the same command: nothing that was answered is asked for again.",
    )
    names = parser.add_argument_group("class names")
    names.add_argument("--classes", metavar="NAMES", help='names separated by commas: "surfing, playing chess"')
    names.add_argument("--classes-file", type=Path, metavar="FILE", help="one name a line, or a CSV: id,name")
    names.add_argument("--vocabulary", metavar="DATA_SET", help="all classes of ucf101, hmdb51, kinetics400, ...")
    texts = parser.add_argument_group("texts")
    texts.add_argument(
        "--kind",
        choices=get_args(Kind),
        required=True,
        help="what the action looks like, what its name means, or sentences on 12 attributes of scene, actor and body",
    )
    texts.add_argument("--output", type=Path, required=True, metavar="FILE", help="the JSON file to write or add to")
    texts.add_argument(
        "--per-attribute", type=int, default=3, metavar="N", help="sentences for each attribute (default: 3)"
    )
    _add_model_options(parser)
    return parser


def _add_model_options(parser: argparse.ArgumentParser) -> None:
    model = parser.add_argument_group("language model")
    model.add_argument("--model", default="gpt-4o-mini", metavar="NAME", help="its name there (default: gpt-4o-mini)")
    model.add_argument(
        "--base-url", metavar="URL", help="http://localhost:8000/v1 or the like (default: $OPENAI_BASE_URL, or OpenAI)"
    )
    model.add_argument(
        "--api-key-env",
        metavar="NAME",
        help="environment variable with the key for this server (default: OPENAI_API_KEY for OpenAI's own; none for "
        "any other --base-url)",
    )
    model.add_argument(
        "--temperature",
        type=_temperature,
        default=0.7,
        metavar="T",
        help='how varied the answers are, or "none" for models that refuse the setting (default: 0.7)',
    )
    model.add_argument("--seed", type=int, metavar="N", help="for servers that can repeat an answer")
    requests = parser.add_argument_group("requests")
    requests.add_argument("--concurrency", type=int, default=4, metavar="N", help="requests at a time (default: 4)")
    requests.add_argument("--max-attempts", type=int, default=6, metavar="N", help="requests per class (default: 6)")
    requests.add_argument("--timeout", type=float, default=60, metavar="SECONDS", help="for an answer (default: 60)")
    requests.add_argument(
        "--backoff-seconds", type=float, default=1, metavar="SECONDS", help="first pause after a failure (default: 1)"
    )


def _temperature(text: str) -> float | None:
    return None if text == "none" else float(text)


def _check_numbers(options: argparse.Namespace) -> None:
    for name in ("per_attribute", "concurrency", "max_attempts"):
        if getattr(options, name) < 1:
            raise ValueError(f"--{name.replace('_', '-')} must be at least 1; got {getattr(options, name)}")
    if options.timeout <= 0:
        raise ValueError(f"--timeout must be more than 0 seconds; got {options.timeout:g}")
    if options.backoff_seconds < 0:
        raise ValueError(f"--backoff-seconds must not be negative; got {options.backoff_seconds:g}")


def _classes(options: argparse.Namespace) -> tuple[list[str], str]:
    """The class names, each once, and whose they are."""
    names = read_class_names(options.classes, options.classes_file)
    if options.vocabulary is not None:
        names = each_class_once(names, clean_names(exact_names(options.vocabulary)))
    if not names:
        raise ValueError(
            'there is no class name; give some as --classes "a, b, c", --classes-file FILE or --vocabulary DATA_SET'
        )
    return names, options.vocabulary or (options.classes_file or options.output).stem


# --- asking -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Outcome:
    """What became of a class: its text is in the store, or no answer would do, or the whole run must stop."""

    name: str
    unanswered: str | None = None
    fatal: Exception | None = None


def _ask_all(questions: Sequence[ClassQuestion], store: AnswerStore, options: argparse.Namespace) -> dict[str, str]:
    """Asks all questions, several at a time.

    The threads are daemons, so that Ctrl-C need not wait for a server that does not answer.

    Returns:
        The classes without an answer that could be used, and why.
    """
    settings = ModelSettings(
        options.model, options.base_url, options.api_key_env, options.timeout, options.temperature, options.seed
    )
    model, patience = LanguageModel(settings), Patience(options.max_attempts, options.backoff_seconds)
    failed: dict[str, str] = {}
    columns = (progress_text("{task.fields[failed]} failed"), TimeElapsedColumn(), progress_text("{task.fields[note]}"))
    with progress_bar(message_console(), *columns) as progress:
        task = progress.add_task("describing", total=len(questions), failed=0, note="")

        def note(name: str, what: str) -> None:
            progress.update(task, note=shown(f"{name}: {what}")[:100])

        asking = _Asking(model, store, patience, note)
        for question in questions:
            asking.waiting.put(question)
        try:
            for _ in range(min(options.concurrency, len(questions))):
                threading.Thread(target=asking.work, daemon=True).start()
            for _ in questions:
                outcome = asking.outcomes.get()
                if outcome.fatal is not None:
                    raise outcome.fatal
                if outcome.unanswered is not None:
                    failed[outcome.name] = outcome.unanswered
                progress.update(task, advance=1, failed=len(failed))
        finally:
            asking.stop.set()
    return {question.name: failed[question.name] for question in questions if question.name in failed}


class _Asking:
    """What the threads share."""

    def __init__(
        self, model: LanguageModel, store: AnswerStore, patience: Patience, note: Callable[[str, str], None]
    ) -> None:
        self.waiting: queue.SimpleQueue[ClassQuestion] = queue.SimpleQueue()
        self.outcomes: queue.SimpleQueue[_Outcome] = queue.SimpleQueue()
        self.stop = threading.Event()
        self._model, self._store, self._patience, self._note = model, store, patience, note
        today = datetime.now(timezone.utc).date()
        self._source = f"{model.settings.model} at {model.host}, {today.isoformat()}"

    def work(self) -> None:
        """Asks one question after the other until none is left or the run stops."""
        while not self.stop.is_set():
            try:
                question = self.waiting.get_nowait()
            except queue.Empty:
                return
            self.outcomes.put(self._outcome(question))

    def _outcome(self, question: ClassQuestion) -> _Outcome:
        try:
            texts = ask_until_accepted(
                self._model,
                question.words,
                question.accept,
                patience=self._patience,
                wait=self._wait,
                note=lambda what: self._note(question.name, what),
            )
            self._store.add(question.name, texts, source=self._source)
        except UnansweredError as error:
            return _Outcome(question.name, unanswered=str(error))
        except Exception as error:  # nobody would hear of it in a thread
            self.stop.set()
            return _Outcome(question.name, fatal=error)
        return _Outcome(question.name)

    def _wait(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise InterruptedError("the run has stopped")
