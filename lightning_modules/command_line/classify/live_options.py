"""The options of `zsar classify --stream`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from zsar.lightning_modules.command_line.options.fields import option
from zsar.lightning_modules.command_line.options.given_options import given_options

# The other options of `zsar classify` that have an effect with --stream; any that is not here is an error.
_ALSO = (
    *("classes", "classes_file", "template", "descriptions"),
    *("architecture", "weights", "tokenizer", "checkpoint", "frames", "device", "precision"),
    *("threshold", "json"),
)


@dataclass(frozen=True)
class LiveOptions:
    """A live source instead of videos."""

    stream: str | None = option(
        None,
        "a camera (/dev/video0), an address (rtsp://...), a file, which is played in real time, a named pipe, or - for "
        "the standard input",
        metavar="SOURCE",
        otherwise="",
    )
    window_seconds: float = option(2.0, "length of a window", metavar="S", more_than=0, at_most=3_600)
    hop_seconds: float = option(0.5, "time from one window to the next", metavar="S", more_than=0, at_most=3_600)
    follow: bool = option(False, "the file is still written to: wait for more at its end")
    every_window: bool = option(
        False, "answer every window of a file, as fast as the model does, instead of playing it in real time"
    )
    stream_format: str | None = option(
        None, "FFmpeg's name of its format, such as v4l2, x11grab, mpegts", metavar="NAME", otherwise="detected"
    )
    stream_timeout: float = option(
        10.0, "end after S seconds without a frame", metavar="S", more_than=0, at_most=86_400
    )


def check_live(options: Any, live: LiveOptions) -> None:  # noqa: ANN401 - imports this module
    """Checks that every given option has an effect.

    Args:
        options: The options of `zsar classify`.
        live: Those of them that are for live video.

    Raises:
        ValueError: An option has no effect with --stream, or none without it.
    """
    of_live = {f"--{declared.name}" for declared in fields(live)}
    allowed = of_live | {f"--{name}" for name in _ALSO}
    for name, value in given_options(options):
        shown = " ".join(map(str, value)) if isinstance(value, tuple) else value
        typed = name if value is True else f"{name} {shown}"
        if live.stream is not None and name not in allowed:
            raise ValueError(f"{typed} has no effect with --stream {live.stream}; leave one of them out")
        if live.stream is None and name in of_live:
            raise ValueError(f"{typed} is for live video; give --stream SOURCE, or leave it out")
