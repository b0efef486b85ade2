"""The options of `zsar describe`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from zsar.datamodules.class_text.text_format import Kind
from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import group, option
from zsar.lightning_modules.command_line.options.shared import ClassNameOptions

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
    """Which text is written for each class, and where."""

    kind: Kind = option(
        help="what the action looks like, what its name means, or sentences on 12 attributes of scene, actor and body"
    )
    output: Path = option(help="JSON file to write or extend", metavar="FILE")
    per_attribute: int = option(3, "sentences per attribute", metavar="N", at_least=1, at_most=1_000)


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
        "requests per class; after a failure it waits as long as the server asks, or up to 8 s",
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
