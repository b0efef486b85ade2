"""`zsar describe`: class text from a language model, for models that read more than class names."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from rich.progress import TimeElapsedColumn

from zsar.api.class_names import each_class_once, read_class_names
from zsar.datamodules.class_identity import clean_names
from zsar.datamodules.class_text.text_format import Texts
from zsar.datamodules.class_text.vocabulary import exact_names
from zsar.lightning_modules.command_line.describe.answer_store import AnswerStore
from zsar.lightning_modules.command_line.describe.class_questions import ClassQuestions
from zsar.lightning_modules.command_line.describe.describe_options import DescribeOptions
from zsar.lightning_modules.command_line.describe.language_model import LanguageModel, ModelSettings
from zsar.lightning_modules.command_line.describe.question_files import Questions, read_questions
from zsar.lightning_modules.command_line.describe.retrying import UnansweredError, ask_until_accepted
from zsar.runtime.terminal import message_console, progress_bar, progress_text, say, say_of, shown

_INTERRUPTED = 130  # the usual exit status after Ctrl-C


def run(options: DescribeOptions) -> int:
    """Runs the command.

    Args:
        options: The parsed command line.

    Returns:
        0 if all classes have their text, 1 if some do not, 130 after Ctrl-C; answers are always kept.

    Raises:
        ValueError: No class, a number out of range, an output of another kind, or an unusable model.
    """
    names, data_set = _classes(options)
    kind, asked = options.texts.kind, read_questions(options.texts.question, options.texts.kind)
    n_sentences = options.texts.sentences_per_answer(len(asked.wordings))
    if asked.name_the_data_set and options.names.vocabulary is None and options.names.classes_file is None:
        raise ValueError(f"--question {asked.name} needs the name of the data set; add --vocabulary or --classes_file")
    questions = [ClassQuestions(name, kind, asked.wordings, data_set, n_sentences) for name in names]
    store = AnswerStore(
        options.texts.output,
        kind,
        model=options.model.model,
        n_texts=questions[0].n_texts,
        questions=asked.wordings,
    )
    if store.n_of_others:
        say(f"{store.journal} also holds {store.n_of_others} answers for other settings; they are kept", error=True)
    missing = [question for question in questions if question.name not in store]
    if len(missing) < len(names):
        done = f"{len(names) - len(missing)} of {len(names)} classes are already described"
        say(f"{done}; to ask again, use another --output, or delete {options.texts.output}", error=True)
    try:
        failed = _ask_all(missing, store, options, asked) if missing else {}
    except KeyboardInterrupt:
        n_kept = sum(name in store for name in names)
        say(f"interrupted: {n_kept} of {len(names)} answers are kept; rerun the same command to resume", error=True)
        return _INTERRUPTED
    if len(store):
        store.write_output(names, data_set)
        say(f"wrote {options.texts.output}: {len(names) - len(failed)} of {len(names)} classes")
    for name, reason in failed.items():
        say_of("red", "not described:", f"{name}: {reason}")
    if failed:
        say(f"rerun the same command to ask again for the {len(failed)} failed classes only", error=True)
    return 1 if failed else 0


def _classes(options: DescribeOptions) -> tuple[list[str], str]:
    """The class names, each once, and the name of their data set."""
    names = read_class_names(options.names.classes, options.names.classes_file)
    if options.names.vocabulary is not None:
        names = each_class_once(names, clean_names(exact_names(options.names.vocabulary)))
    if not names:
        raise ValueError(
            'no class names given; give them as --classes "a, b, c", --classes_file FILE or --vocabulary DATA_SET'
        )
    return names, options.names.vocabulary or (options.names.classes_file or options.texts.output).stem


# --- asking -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Outcome:
    """The result for a class: its text is in the store, no answer was accepted, or the whole run must stop."""

    name: str
    unanswered: str | None = None
    fatal: Exception | None = None


def _ask_all(
    questions: Sequence[ClassQuestions], store: AnswerStore, options: DescribeOptions, asked_as: Questions
) -> dict[str, str]:
    """Asks all questions, several in parallel.

    The threads are daemons, so that Ctrl-C does not wait for a server that does not answer.

    Returns:
        The classes without an accepted answer, and why.
    """
    asked, requests = options.model, options.requests
    settings = ModelSettings(
        asked.model, asked.base_url, asked.api_key_env, requests.timeout, asked.temperature, asked.seed
    )
    model = LanguageModel(settings)
    failed: dict[str, str] = {}
    columns = (progress_text("{task.fields[failed]} failed"), TimeElapsedColumn(), progress_text("{task.fields[note]}"))
    with progress_bar(message_console(), *columns) as progress:
        task = progress.add_task("describing", total=len(questions), failed=0, note="")

        def note(name: str, what: str) -> None:
            progress.update(task, note=shown(f"{name}: {what}")[:100])

        asking = _Asking(model, store, requests.max_attempts, note, asked_as.name)
        for question in questions:
            asking.waiting.put(question)
        try:
            for _ in range(min(requests.concurrency, len(questions))):
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
    """State shared by the threads."""

    def __init__(
        self,
        model: LanguageModel,
        store: AnswerStore,
        max_requests: int,
        note: Callable[[str, str], None],
        asked_as: str,
    ) -> None:
        self.waiting: queue.SimpleQueue[ClassQuestions] = queue.SimpleQueue()
        self.outcomes: queue.SimpleQueue[_Outcome] = queue.SimpleQueue()
        self.stop = threading.Event()
        self._model, self._store, self._max_requests, self._note = model, store, max_requests, note
        today = datetime.now(timezone.utc).date()
        self._source = f"{model.settings.model} at {model.host}, {today.isoformat()}, question {asked_as}"

    def work(self) -> None:
        """Asks questions until none is left or the run stops."""
        while not self.stop.is_set():
            try:
                question = self.waiting.get_nowait()
            except queue.Empty:
                return
            self.outcomes.put(self._outcome(question))

    def _outcome(self, question: ClassQuestions) -> _Outcome:
        answers: list[Texts] = []
        try:
            for words in question.words:
                texts = ask_until_accepted(
                    self._model,
                    words,
                    lambda answer: question.accept(answer, answers),
                    max_requests=self._max_requests,
                    note=lambda what: self._note(question.name, what),
                )
                answers.append(texts)
            self._store.add(question.name, question.combined(answers), source=self._source)
        except UnansweredError as error:
            return _Outcome(question.name, unanswered=str(error))
        except Exception as error:  # otherwise lost in a thread
            self.stop.set()
            return _Outcome(question.name, fatal=error)
        return _Outcome(question.name)
