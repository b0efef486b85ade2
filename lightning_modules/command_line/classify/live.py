"""`zsar classify --stream`: prints the answer for live video when it changes, until the video ends or Ctrl-C."""

from __future__ import annotations

from zsar.api.answers import own_percent
from zsar.api.live.classify_stream import LiveAnswer, LiveAnswers, classify_stream
from zsar.datamodules.video_files.live import LiveSource
from zsar.lightning_modules.command_line.classify.classify_options import ClassifyOptions
from zsar.lightning_modules.command_line.requested_recognizer import requested_class_text, requested_recognizer
from zsar.runtime.files.video_errors import VideoDecodeError
from zsar.runtime.processes.stopping import Stopped
from zsar.runtime.terminal import message_console, print_json, say, waiting


def classify_live(options: ClassifyOptions, stream: str) -> int:
    """Classifies live video until it ends, no frame comes in time, or Ctrl-C.

    Args:
        options: The parsed command line.
        stream: Its `--stream`.

    Returns:
        0.

    Raises:
        VideoDecodeError: The source cannot be opened or decoded, has no frames, or broke off with an error.
        ValueError: A value does not fit the source, or there are fewer than two classes.
    """
    live, real_time = options.live, not options.live.every_window
    LiveSource(stream, live.stream_format, live.follow, real_time).check()  # before the model is loaded
    text = requested_class_text(options.text, options.model)
    with waiting(message_console(), "loading the model (the first time, its weights are downloaded)"):
        model = requested_recognizer(options.model, device=options.device.device)
    answers = classify_stream(
        stream,
        text,
        model=model,
        window_seconds=live.window_seconds,
        hop_seconds=live.hop_seconds,
        frames=options.model.frames,
        threshold=options.printed.threshold,
        format=live.stream_format,
        follow=live.follow,
        real_time=real_time,
        timeout_seconds=live.stream_timeout,
        precision=options.work.precision,
    )
    with answers:
        _print_until_the_end(answers, as_json=options.printed.json)
    return 0


def _print_until_the_end(answers: LiveAnswers, *, as_json: bool) -> None:
    """Prints an answer that differs from the one before it; at the end, a summary to the standard error."""
    delays = _Delays()
    try:
        last = None
        for answer in answers:
            delays.add(answer.delay_seconds)
            if answer.answer != last:
                _print(answer, as_json=as_json)
            last = answer.answer
    except KeyboardInterrupt:  # the usual end of a camera
        _say_summary(answers, delays, "Ctrl-C")
    except (VideoDecodeError, Stopped):
        if delays.n:
            _say_summary(answers, delays, "stopped")
        raise
    else:
        _say_summary(answers, delays, answers.ending or "")


def _print(answer: LiveAnswer, *, as_json: bool) -> None:
    if as_json:
        print_json(answer.to_dict(), one_line=True)
    else:
        own = "" if answer.own_probability is None else f"  (own {own_percent(answer.own_probability)})"
        say(f"{_clock(answer.time_seconds)}  {answer.answer}  {100 * answer.probability:.1f} %{own}")


class _Delays:
    """Mean and maximum of the delays of any number of answers."""

    def __init__(self) -> None:
        self.n, self._sum, self._most = 0, 0.0, 0.0

    def add(self, seconds: float) -> None:
        self.n, self._sum, self._most = self.n + 1, self._sum + seconds, max(self._most, seconds)

    def __str__(self) -> str:
        return f"delay {self._sum / self.n:.2f} s on average, at most {self._most:.2f} s"


def _say_summary(answers: LiveAnswers, delays: _Delays, why: str) -> None:
    if not delays.n:
        say(f"{answers.seconds:.1f} seconds of video, no answer yet; {why}", error=True)
        return
    damaged = f", {answers.n_damaged} damaged" if answers.n_damaged else ""
    say(
        f"{answers.seconds:.1f} seconds of video, {delays.n} answers, {answers.n_dropped} frames dropped{damaged}; "
        f"{delays}; {why}",
        error=True,
    )


def _clock(seconds: float) -> str:
    """12:34.5, or 1:02:34.5."""
    tenths = round(10 * seconds)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest / 10:04.1f}" if hours else f"{minutes:02d}:{rest / 10:04.1f}"
