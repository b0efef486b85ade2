"""The options of `zsar describe`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from zsar.datamodules.class_text.text_format import Kind
from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import group, option
from zsar.lightning_modules.command_line.options.shared import ClassNameOptions

_LARGEST_SEED = 2**63 - 1  # that JSON readers take as a whole number


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
    """What is written of a class, and where."""

    kind: Kind = option(
        help="what the action looks like, what its name means, or sentences on 12 attributes of scene, actor and body"
    )
    output: Path = option(help="the JSON file to write or add to", metavar="FILE")
    per_attribute: int = option(3, "sentences for each attribute", metavar="N", at_least=1, at_most=1_000)


@dataclass(frozen=True)
class LanguageModelOptions:
    """Which language model is asked, and where."""

    model: str = option("gpt-4o-mini", "its name there", metavar="NAME")
    base_url: str | None = option(
        None, "http://localhost:8000/v1 or the like", metavar="URL", otherwise="$OPENAI_BASE_URL, or OpenAI"
    )
    api_key_env: str | None = option(
        None,
        "environment variable with the key for this server",
        metavar="NAME",
        otherwise="OPENAI_API_KEY for OpenAI's own; none for any other --base_url",
    )
    temperature: float | None = option(
        0.7,
        'how varied the answers are, or "none" for models that refuse the setting',
        metavar="T",
        read=_temperature,
        at_least=0,
        at_most=100,
    )
    seed: int | None = option(
        None, "for servers that can repeat an answer", metavar="N", at_least=-_LARGEST_SEED, at_most=_LARGEST_SEED
    )


@dataclass(frozen=True)
class RequestOptions:
    """How often and how long the language model is asked."""

    concurrency: int = option(4, "requests at a time", metavar="N", at_least=1, at_most=1_024)
    max_attempts: int = option(
        6,
        "requests per class; after one that fails the next waits, as the server asks or up to 8 s",
        metavar="N",
        at_least=1,
        at_most=1_000,
    )
    timeout: float = option(60.0, "for an answer", metavar="SECONDS", more_than=0, at_most=86_400)


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
    description="Have a language model describe classes, for models that read more of a class than its name. Any "
    "server that speaks OpenAI's /v1/chat/completions will do. An interrupted run resumes with the same command: "
    "nothing that was answered is asked for again.",
)
