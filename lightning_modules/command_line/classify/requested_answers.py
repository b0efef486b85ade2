"""How `zsar classify` answers: with the model as it is, or with a prompt tuned to each video."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from zsar.api.adaptation.adaptation import Adaptation
from zsar.api.adaptation.video_tuning import VideoTuning
from zsar.api.answers import Classification
from zsar.api.classification import BATCH_SIZE, classified, classified_by_tuning
from zsar.api.given_videos import view_settings
from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.command_line.classify.classify_options import ClassifyOptions
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer


@dataclass(frozen=True)
class RequestedAnswers:
    """The answers that a command line asks for.

    Attributes:
        of: Videos -> their answers, in order.
        made_with: What decides about the answers; a resumed command must have the same.
        tuning: What is tuned; None without `--adaptation`.
    """

    of: Callable[[Sequence[Path]], Iterator[Classification]]
    made_with: dict[str, object]
    tuning: VideoTuning | None


def requested_answers(
    options: ClassifyOptions, text: ClassText, model: ActionRecognizer, adaptation: Adaptation | None
) -> RequestedAnswers:
    """Prepares the answers; no video is decoded yet.

    Args:
        options: The parsed command line.
        text: The classes.
        model: The model, on its device.
        adaptation: What `--adaptation` names.

    Raises:
        ValueError: A number is out of range, or the adaptation does not fit the classes or the model.
        BackboneError: The model's prompts cannot be tuned.
    """
    work, threshold, on_damage = options.work, options.printed.threshold, options.damage.on_damage
    frames, clips = options.model.frames, options.model.clips
    made_with = _made_with(options, text, model)
    if adaptation is None:
        settings = view_settings(model, frames=frames, clips=clips, on_damage=on_damage)
        made_with |= {"adaptation": None, "frames": settings.n_frames, "clips": settings.n_clips}
        answer = partial(
            classified,
            text=text,
            model=model,
            settings=settings,
            threshold=threshold,
            batch_size=BATCH_SIZE if work.batch_size is None else work.batch_size,
            n_workers=work.n_workers,
            precision=work.precision,
        )
        return RequestedAnswers(answer, made_with, None)
    tuning = VideoTuning(model, text, adaptation, frames=frames, seed=options.tuning.seed, on_damage=on_damage)
    made_with |= {"adaptation": adaptation.tuning.method, "frames": tuning.clips.n_frames, "clips": 1}
    made_with |= {"seed": tuning.seed, **adaptation.described()}
    answer = partial(
        classified_by_tuning,
        tuning=tuning,
        threshold=threshold,
        batch_size=work.batch_size,
        n_workers=work.n_workers,
        precision=work.precision,
    )
    return RequestedAnswers(answer, made_with, tuning)


def tuning_summary(tuning: VideoTuning) -> str | None:
    """What tuning changed, and what it took; None if no video was tuned.

    Args:
        tuning: After its answers.
    """
    totals = tuning.totals
    if totals.n == 0:
        return None
    views, encoding, steps = (
        seconds / totals.n for seconds in (totals.view_seconds, totals.encoding_seconds, totals.tuning_seconds)
    )
    kept = f" ({totals.not_tuned} kept the untuned prompt: a step was not finite)" if totals.not_tuned else ""
    videos = f"{totals.n} {'video' if totals.n == 1 else 'videos'}{kept}"
    return (
        f"{tuning.adaptation.tuning.method} changed the most probable class of {tuning.n_changed} of {videos}; "
        f"{views + encoding + steps:.2f} s a video: {views:.2f} s to make its views, {encoding:.2f} s to embed them, "
        f"{steps:.2f} s to tune"
    )


def _made_with(options: ClassifyOptions, text: ClassText, model: ActionRecognizer) -> dict[str, object]:
    """What decides about the answers beside frames and adaptation."""
    return {
        "model": type(model).__name__,
        "architecture": model.backbone.architecture,
        "weights_hash": model.checkpoint_weights_hash or model.backbone.weights_hash,
        "classes": list(text.names),
        "prompts_hash": text.content_hash,
        "on_damage": options.damage.on_damage,
        "threshold": options.printed.threshold,
        "precision": options.work.precision,
    }
