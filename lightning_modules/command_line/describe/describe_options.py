"""The options of `zsar describe`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from zsar.datamodules.class_text.text_format import Kind
from zsar.lightning_modules.command_line.describe.question_files import shipped_questions
from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import group, option
from zsar.lightning_modules.command_line.options.shared import ClassNameOptions

SENTENCES_PER_ATTRIBUTE = 3
"""AP-CLIP, section 3.2.2: "if 3 LLM-prompts are used for each category", each with a sentence for each attribute."""
SENTENCES_PER_QUESTION = 10

_LARGEST_SEED = 2**63 - 1  # the largest integer that JSON readers commonly accept


def _temperature(text: str | float) -> float | None:
    if text == "none":
        return None
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f'must be a number, or "none"; got {text}') from None


@dataclass(frozen=True)
class DescribedClasses(ClassNameOptions):
    """The classes that are described."""

    vocabulary: str | None = option(None, "all classes of ucf101, hmdb51, kinetics400, ...", metavar="DATA_SET")


@dataclass(frozen=True)
class TextOptions:
    """Which text is written for each class, and where.

    Attributes:
        kind: The kind of text.
        output: The file.
        question: File of questions, or the name of a shipped one; None for that of the kind.
        per_attribute: Sentences per attribute of action prompts; None for the default or another kind.
        per_question: Sentences per question of customized texts; None for the default or another kind.
    """

    kind: Kind = option(
        help="what the action looks like, what its name means, sentences that answer several questions, one direct "
        "text, or sentences on 12 attributes of scene, actor and body"
    )
    output: Path = option(help="JSON file to write or extend", metavar="FILE")
    question: Path | None = option(
        None,
        "file with one or more questions, one per line, with {class} and possibly {data_set}, each of which is asked; "
        f"or the name of a shipped one: {', '.join(shipped_questions())}",
        metavar="FILE",
        otherwise="the shipped one for the kind of text",
    )
    per_attribute: int | None = option(
        None,
        "action_prompts: sentences per attribute, divided among the questions",
        metavar="N",
        otherwise=f"one per question, or {SENTENCES_PER_ATTRIBUTE} for a single question; with the shipped ones 36 "
        "prompts per class",
        at_least=1,
        at_most=1_000,
    )
    per_question: int | None = option(
        None,
        "customized: sentences per question",
        metavar="N",
        otherwise=f"{SENTENCES_PER_QUESTION}, as CuPL",
        at_least=1,
        at_most=1_000,
    )

    def __post_init__(self) -> None:
        """Checks that numbers of sentences go with the kind of text, and that the output is no table.

        Raises:
            ValueError: They do not.
        """
        for name, kind in (("per_attribute", "action_prompts"), ("per_question", "customized")):
            if getattr(self, name) is not None and self.kind != kind:
                raise ValueError(f"--{name} has no effect with --kind {self.kind}; leave it out")
        if self.output.suffix.lower() == ".csv":
            raise ValueError(f"--output {self.output} must be a JSON file; a .csv file is read as a table of EZ-CLIP")

    def sentences_per_answer(self, n_questions: int) -> int:
        """Sentences in each answer: of each attribute for action prompts, in all for customized texts.

        Args:
            n_questions: Number of questions about a class.

        Raises:
            ValueError: The sentences per attribute cannot be divided among the questions.
        """
        if self.kind == "customized":
            return self.per_question or SENTENCES_PER_QUESTION
        if self.kind != "action_prompts":
            return 1
        if self.per_attribute is None:
            return SENTENCES_PER_ATTRIBUTE if n_questions == 1 else 1
        each, rest = divmod(self.per_attribute, n_questions)
        if rest:
            raise ValueError(
                f"--per_attribute {self.per_attribute} cannot be divided among {n_questions} questions; take a "
                f"multiple of {n_questions}, or --question FILE with another number of questions"
            )
        return each


@dataclass(frozen=True)
class LanguageModelOptions:
    """Which language model is asked, and where."""

    model: str = option("gpt-4o-mini", "name of the model on the server", metavar="NAME")
    base_url: str | None = option(
        None,
        "address of the server, such as http://localhost:8000/v1",
        metavar="URL",
        otherwise="$OPENAI_BASE_URL, or OpenAI",
    )
    api_key_env: str | None = option(
        None,
        "environment variable that holds the API key",
        metavar="NAME",
        otherwise="OPENAI_API_KEY for OpenAI's own; none for any other --base_url",
    )
    temperature: float | None = option(
        0.7,
        'sampling temperature, or "none" for models that reject the setting',
        metavar="T",
        read=_temperature,
        at_least=0,
        at_most=100,
    )
    seed: int | None = option(
        None, "seed for servers with reproducible answers", metavar="N", at_least=-_LARGEST_SEED, at_most=_LARGEST_SEED
    )


@dataclass(frozen=True)
class RequestOptions:
    """How often and how long the language model is asked."""

    concurrency: int = option(4, "parallel requests", metavar="N", at_least=1, at_most=1_024)
    max_attempts: int = option(
        6,
        "requests per class and question; after a failure it waits as long as the server asks, or up to 8 s",
        metavar="N",
        at_least=1,
        at_most=1_000,
    )
    timeout: float = option(60.0, "time limit of a request", metavar="SECONDS", more_than=0, at_most=86_400)


@dataclass(frozen=True)
class DescribeOptions:
    """The options of `zsar describe`."""

    names: DescribedClasses = group("class names")
    texts: TextOptions = group("texts")
    model: LanguageModelOptions = group("language model")
    requests: RequestOptions = group("requests")


COMMAND = Command(
    "describe",
    DescribeOptions,
    description="Have a language model describe classes, for models that read more than class names. Works with any "
    "server that offers OpenAI's /v1/chat/completions. Rerun the same command to resume an interrupted run; answers "
    "are not requested twice.",
)
