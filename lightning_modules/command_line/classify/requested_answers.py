"""How `zsar classify` answers: with the model as it is, or with a prompt tuned to each video."""

from __future__ import annotations

from dataclasses import dataclass

from zsar.api.adaptation.adaptation import Adaptation
from zsar.api.adaptation.video_tuning import VideoTuning
from zsar.api.prepared_answers import PreparedAnswers, prepare_answers
from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.command_line.classify.classify_options import ClassifyOptions
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer

_OWN_THRESHOLD = {"threshold_of": "own probability"}  # earlier versions compared that among the names


@dataclass(frozen=True)
class RequestedAnswers:
    """The answers that a command line asks for.

    Attributes:
        prepared: How videos are answered.
        made_with: What decides about the answers; a resumed command must have the same.
    """

    prepared: PreparedAnswers
    made_with: dict[str, object]


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
    prepared = prepare_answers(
        model,
        text,
        adaptation,
        frames=options.model.frames,
        clips=options.model.clips,
        seed=options.tuning.seed,
        threshold=options.printed.threshold,
        batch_size=options.work.batch_size,
        n_workers=options.work.n_workers,
        on_damage=options.damage.on_damage,
        precision=options.work.precision,
    )
    made_with = _made_with(options, text, model)
    made_with["adaptation"] = None if adaptation is None else adaptation.tuning.method
    made_with |= {"frames": prepared.clips.n_frames, "clips": prepared.clips.n_test_clips}
    if adaptation is not None:
        made_with |= {"seed": options.tuning.seed, **adaptation.described()}
    return RequestedAnswers(prepared, made_with)


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
        **({} if (tokenizer := model.backbone.text.tokenizer_hash) is None else {"tokenizer_hash": tokenizer}),
        "on_damage": options.damage.on_damage,
        "threshold": options.printed.threshold,
        "precision": options.work.precision,
        **({} if model.backbone.logit_bias is None else _OWN_THRESHOLD),
    }
