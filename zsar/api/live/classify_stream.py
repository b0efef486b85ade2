"""`zsar.classify_stream`: names the action in the newest window of live video, again and again."""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zsar.api.answers import ranking, rounded, with_digits
from zsar.api.classification import check_threshold
from zsar.api.given_classes import Classes, class_text_of
from zsar.api.given_videos import frames_per_clip
from zsar.api.live.window_scores import WindowScores
from zsar.api.loading import Precision, recognizer_of
from zsar.datamodules.video_files.live import LiveSource, LiveWindows
from zsar.datamodules.views.frame_geometry import square_frames
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.runtime.number_limits import MOST_FRAMES_PER_VIEW, check_most

_ENDINGS = {"end": "the source ended", "closed": "closed"}


@dataclass(frozen=True)
class LiveAnswer:
    """The model's answer for a window of live video.

    Attributes:
        time_seconds: Time of the window's last frame, since the first frame of the source.
        answer: As that of `Classification`: the most probable name, or "none of these" below the threshold.
        probability: Of the answer, in [0, 1]; of "none of these", that of the most probable name.
        ranked: All names with probabilities among these names, which sum to 1, most probable first.
        n_dropped: Frames so far that no window has shown, since the source was faster than decoder or model.
        delay_seconds: From when the window's last frame arrived, or was due in a file, to the answer.
        n_damaged: Frames so far that are damaged, which are left out, or follow such a frame before the next keyframe,
            which are used as decoded.
        own_probability: As `probability`, of the name by itself, of models with a logit bias (SigLIP), whose threshold
            is compared with it; None for others.
        own_probabilities: Of models with a logit bias, all names with the probability of each by itself, in the order
            of `ranked`; None for others.
    """

    time_seconds: float
    answer: str
    probability: float
    ranked: tuple[tuple[str, float], ...]
    n_dropped: int
    delay_seconds: float
    n_damaged: int = 0
    own_probability: float | None = None
    own_probabilities: tuple[tuple[str, float], ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain types for JSON, with the keys of `zsar classify --stream SOURCE --json`."""
        own: dict[str, Any] = {}
        if self.own_probability is not None and self.own_probabilities is not None:
            own = {
                "own_probability": float(f"{self.own_probability:.6g}"),
                "own_probabilities": with_digits(self.own_probabilities),
            }
        return {
            "time_seconds": round(self.time_seconds, 3),
            "answer": self.answer,
            "probability": round(self.probability, 6),
            "probabilities": rounded(self.ranked),
            **own,
            "n_dropped_frames": self.n_dropped,
            "n_damaged_frames": self.n_damaged,
            "delay_seconds": round(self.delay_seconds, 3),
        }


class LiveAnswers(Iterator[LiveAnswer]):
    """The answers for a live source, as they come; a context manager, which closes the source.

    Attributes:
        timeout_seconds: After how long without a frame they end.
    """

    def __init__(
        self, windows: LiveWindows, scores: WindowScores, names: tuple[str, ...], *, threshold: float, source: str,
        timeout_seconds: float,
    ) -> None:  # fmt: skip
        """Answers for windows; `classify_stream` makes it.

        Args:
            windows: The windows of the source.
            scores: The model and the classes.
            names: Names of the classes.
            threshold: Below it, a class is not named (`ranking`).
            source: Name of the source, for errors.
            timeout_seconds: After how long without a frame the windows end.
        """
        self._windows, self._scores, self._names = windows, scores, names
        self._threshold, self._source, self.timeout_seconds = threshold, source, timeout_seconds
        weakref.finalize(self, windows.close)  # a caller that leaves its loop may forget to close them

    def __next__(self) -> LiveAnswer:
        """Waits for the next answer.

        Raises:
            StopIteration: The source has ended, or no frame came in time.
            VideoDecodeError: The source cannot be opened or decoded, has no frames, or broke off with an error.
            ValueError: The model's scores are not finite.
        """
        window = self._windows.take()
        if window is None:
            self.close()
            raise StopIteration
        result = ranking(self._source, self._scores.probabilities(window), self._names, self._threshold)
        if result.answer is None:
            raise ValueError(result.error)
        delay = time.monotonic() - window.captured
        probability, own = result.best
        return LiveAnswer(
            window.seconds, result.answer, probability, result.ranked, self.n_dropped, delay, self.n_damaged,
            own_probability=own, own_probabilities=result.own_probabilities,
        )  # fmt: skip

    def __enter__(self) -> LiveAnswers:
        """The answers themselves."""
        return self

    def __exit__(self, *error: object) -> None:
        """Closes the source."""
        self.close()

    def close(self) -> None:
        """Ends reading; there are no more answers."""
        self._windows.close()

    @property
    def seconds(self) -> float:
        """Time of the newest frame, since the first one."""
        return self._windows.seconds

    @property
    def n_dropped(self) -> int:
        """As of `LiveAnswer`, until now."""
        return self._windows.n_dropped

    @property
    def n_damaged(self) -> int:
        """As of `LiveAnswer`, until now."""
        return self._windows.n_damaged

    @property
    def ending(self) -> str | None:
        """Why there are no more answers, in words; None while the source is read."""
        if self._windows.ending == "stall":
            return f"no frame came for {self.timeout_seconds:g} seconds"
        return None if self._windows.ending is None else _ENDINGS[self._windows.ending]


def classify_stream(
    source: str | Path,
    classes: Classes,
    *,
    model: ActionRecognizer | str | Path | None = None,
    template: str | tuple[str, ...] = "video",
    window_seconds: float = 2.0,
    hop_seconds: float = 0.5,
    frames: int | None = None,
    threshold: float = 0.0,
    format: str | None = None,
    follow: bool = False,
    real_time: bool = True,
    timeout_seconds: float = 10.0,
    device: str = "auto",
    precision: Precision = "fp32",
) -> LiveAnswers:
    """Names the action in the newest window of live video, again and again.

    A thread reads the source and keeps the frames of one window, made small. Where the model is slower than the source,
    windows are skipped rather than answered late.

    Args:
        source: A file, which is played in real time; a camera (/dev/video0); an address (rtsp://...); a named pipe; or
            "-" for the standard input.
        classes: At least two class names; a mapping from names to prompts; or a file (`given_classes`).
        model: From `zsar.load`, or what `zsar.load` takes; None for ViT-B/16 with OpenAI's weights.
        template: Prompt template with {} for names, several, or the name of a set of templates.
        window_seconds: Length of a window.
        hop_seconds: Time from one window to the next.
        frames: Frames per window, spread over it; None for 8, or as the model was trained.
        threshold: The answer is "none of these" where the best probability is lower; with a model that has a logit
            bias, where the own probability of every class is.
        format: FFmpeg's name of the source's format, which a device other than /dev/video* needs; None to detect it.
        follow: Whether the file is still written to: its end is waited for.
        real_time: Whether a file is played in real time; False reads it as fast as the model answers every window.
        timeout_seconds: Ends after this time without a frame.
        device: Device of a model that is loaded here; a loaded one stays where it is.
        precision: "fp32", "bf16" or "fp16".

    Returns:
        An iterator over answers. It ends with the source, whose last window ends with its last frame, or after the
        timeout.

    Raises:
        VideoDecodeError: There is no such source; what shows when it is read is raised by the iterator.
        ValueError: A value is out of range, does not fit the source, or there are fewer than two classes.
        BackboneError: The weights of the model are neither local nor downloadable.
    """
    for name, value in (("window", window_seconds), ("hop", hop_seconds), ("timeout", timeout_seconds)):
        if not 0 < value < float("inf"):
            raise ValueError(f"{name}_seconds must be more than 0; got {value}")
    check_threshold(threshold)
    live = LiveSource(str(source), format, follow, real_time)
    live.check()
    text = class_text_of(classes, template=template, least=2)
    recognizer = recognizer_of(model, device=device)
    n_frames, pixels = frames_per_clip(recognizer, frames), recognizer.frame_pixels
    check_most(MOST_FRAMES_PER_VIEW, frames=n_frames)
    scores = WindowScores(recognizer, text, precision=precision)
    square = square_frames(pixels.geometry, pixels.image_size, resize_filter=pixels.resize_filter)
    windows = LiveWindows(
        live, square, n_frames=n_frames, window_seconds=window_seconds,
        hop_seconds=hop_seconds, timeout_seconds=timeout_seconds,
    )  # fmt: skip
    return LiveAnswers(
        windows, scores, text.names, threshold=threshold, source=live.shown_name, timeout_seconds=timeout_seconds
    )
