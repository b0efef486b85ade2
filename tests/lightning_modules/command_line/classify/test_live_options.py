"""Every option of `zsar classify` has an effect with --stream, or is an error with it, and the other way round."""

from dataclasses import fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from zsar.lightning_modules.command_line.classify import live_options
from zsar.lightning_modules.command_line.classify.classify_options import COMMAND, ClassifyOptions
from zsar.lightning_modules.command_line.classify.live_options import LiveOptions
from zsar.lightning_modules.command_line.options.command_parser import option_names

OF_LIVE = sorted({f"--{field.name}" for field in fields(LiveOptions)} - {"--stream"})
WITH_STREAM = {f"--{name}" for name in live_options._ALSO}
WITHOUT_EFFECT = sorted(set(option_names(COMMAND.parser())) - {*OF_LIVE, *WITH_STREAM, "--stream", "--help"})
# Values that pass the checks of the option itself.
VALUES = {"--output": "a.csv", "--threshold": "0.5"}


def typed(option: str) -> list[str]:
    """The option with a value that is not its default."""
    (kind,) = kinds(ClassifyOptions, option.removeprefix("--"))
    if kind in (bool, bool | None):
        return [option]
    choices = [value for part in (kind, *get_args(kind)) if get_origin(part) is Literal for value in get_args(part)]
    is_number = {int, float} & {kind, *get_args(kind)}
    return [option, VALUES.get(option, choices[-1] if choices else "3" if is_number else "a")]


def kinds(options: type, name: str) -> list[Any]:
    """The types of the options of a name, in whichever group they are."""
    found = []
    for field_name, kind in get_type_hints(options).items():
        if is_dataclass(kind):
            found += kinds(kind, name)  # type: ignore[arg-type]
        elif field_name == name:
            found.append(kind)
    return found


def test_there_are_options_of_each_kind() -> None:
    assert {"--top_k", "--output", "--clips", "--n_workers", "--batch_size", "--on_damage"} <= set(WITHOUT_EFFECT)
    assert set(option_names(COMMAND.parser())) >= WITH_STREAM
    assert len(OF_LIVE) > 4


@pytest.mark.parametrize("option", WITHOUT_EFFECT)
def test_an_option_without_effect_on_a_stream_is_named(option: str) -> None:
    with pytest.raises(ValueError, match=rf"^{option}\b.* has no effect with --stream cam; leave one of them out"):
        COMMAND.parse(["--stream", "cam", *typed(option)])


@pytest.mark.parametrize("option", OF_LIVE)
def test_an_option_of_live_video_without_a_stream_is_named(option: str) -> None:
    for arguments in (["a.mp4"], ["--embeddings", "folder"]):
        with pytest.raises(ValueError, match=rf"^{option}\b.* is for live video; give --stream SOURCE"):
            COMMAND.parse([*arguments, *typed(option)])


def test_videos_and_a_stream_are_too_much() -> None:
    with pytest.raises(ValueError, match=r"^VIDEO a.mp4 b.mp4 has no effect with --stream cam"):
        COMMAND.parse(["a.mp4", "b.mp4", "--stream", "cam"])


@pytest.mark.parametrize("option", [*OF_LIVE, *sorted(WITH_STREAM)])
def test_the_others_are_read(option: str) -> None:
    assert COMMAND.parse(["--stream", "cam", *typed(option)]).live.stream == "cam"


@pytest.mark.parametrize("option", ["--window_seconds", "--hop_seconds", "--stream_timeout"])
@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "1e9"])
def test_times_have_limits(option: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"{option} must be"):
        COMMAND.parse(["--stream", "cam", f"{option}={value}"])
