"""How many videos are answered, with a model as it is or with a prompt tuned to each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from zsar.api.adaptation.adaptation import Adaptation
from zsar.api.adaptation.video_tuning import VideoTuning
from zsar.api.answers import Classification, ranking
from zsar.api.given_videos import Video, clips_of, given_batches
from zsar.api.loading import Precision, inference_precision
from zsar.datamodules.batch import ClassText
from zsar.datamodules.settings import Clips
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.lightning_modules.recognition.class_probabilities import ClassProbabilities
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch

BATCH_SIZE = 8
"""Videos that go through the model together, without an adaptation."""


@dataclass(frozen=True)
class PreparedAnswers:
    """How videos are answered.

    Attributes:
        of: Videos -> an answer for each, in order, one after another in bounded memory.
        clips: The frames that the model sees of each video.
        tuning: What is tuned to each video; None without an adaptation.
    """

    of: Callable[[Sequence[Video]], Iterator[Classification]]
    clips: Clips
    tuning: VideoTuning | None = None


def prepare_answers(
    model: ActionRecognizer,
    text: ClassText,
    adaptation: Adaptation | None,
    *,
    frames: int | None,
    clips: int,
    seed: int,
    threshold: float,
    batch_size: int | None,
    n_workers: int | None,
    on_damage: OnDamage,
    precision: Precision,
) -> PreparedAnswers:
    """Prepares answers: with the model as it is, or with a prompt tuned to each video; no video is decoded yet.

    Args:
        model: The model, in evaluation mode, on its device.
        text: The classes.
        adaptation: The method and its views; None for none.
        frames: As for `classify`, as all that follow.
        clips: Clips of a video, 1 with an adaptation.
        seed: Seed of an adaptation.
        threshold: Below it, a class is not named (`ranking`).
        batch_size: Videos of a batch.
        n_workers: Processes that decode.
        on_damage: What to do with damaged frames.
        precision: "fp32", "bf16" or "fp16".

    Raises:
        ValueError: A number is out of range, or the adaptation does not fit the classes or the model.
        BackboneError: The model's prompts cannot be tuned.
    """
    if adaptation is not None:
        tuning = VideoTuning(model, text, adaptation, frames=frames, seed=seed, on_damage=on_damage)
        tuned = partial(
            _tuned_answers, tuning=tuning, threshold=threshold, batch_size=batch_size, n_workers=n_workers,
            precision=precision,
        )  # fmt: skip
        return PreparedAnswers(tuned, tuning.clips, tuning)
    seen = clips_of(model, frames=frames, clips=clips)
    answers = partial(
        _answers, text=text, model=model, clips=seen, threshold=threshold,
        batch_size=BATCH_SIZE if batch_size is None else batch_size, n_workers=n_workers, on_damage=on_damage,
        precision=precision,
    )  # fmt: skip
    return PreparedAnswers(answers, seen)


def _answers(
    videos: Sequence[Video],
    *,
    text: ClassText,
    model: ActionRecognizer,
    clips: Clips,
    threshold: float,
    batch_size: int,
    n_workers: int | None,
    on_damage: OnDamage,
    precision: Precision,
) -> Iterator[Classification]:
    with torch.inference_mode(), inference_precision(precision, model.device):
        classes = model.class_embeddings.cached(text.prompts, model.device)
    batches = given_batches(
        videos, clips, on_damage=on_damage, batch_size=batch_size, n_workers=n_workers,
        is_on_cpu=model.device.type == "cpu",
    )  # fmt: skip
    for batch in batches:
        probabilities: dict[int, ClassProbabilities] = {}
        if batch.videos is not None:
            with torch.inference_mode(), inference_precision(precision, model.device):
                frames = model.embed_views(batch.videos.frames.to(model.device))
                scores = model.probabilities(EmbeddedBatch(frames, (classes,))).cpu()
            probabilities = dict(zip(batch.decoded, scores, strict=True))
        for row in batch.rows:
            path = _path(videos[row])
            if row in batch.errors:
                yield Classification(path, (), None, batch.errors[row])
            else:
                yield ranking(path, probabilities[row], text.names, threshold, batch.n_damaged[row])


def _tuned_answers(
    videos: Sequence[Video],
    *,
    tuning: VideoTuning,
    threshold: float,
    batch_size: int | None,
    n_workers: int | None,
    precision: Precision,
) -> Iterator[Classification]:
    answers = tuning.answers(videos, batch_size=batch_size, n_workers=n_workers, precision=precision)
    for answer in answers:
        path = _path(videos[answer.row])
        if answer.tuned is None or answer.untuned is None:
            yield Classification(path, (), None, answer.error, untuned=Classification(path, (), None))
        else:
            tuned, untuned = (
                ranking(path, probabilities, tuning.names, threshold, answer.n_damaged)
                for probabilities in (answer.tuned, answer.untuned)
            )
            yield replace(tuned, untuned=untuned)


def _path(video: Video) -> str | None:
    return None if isinstance(video, Tensor) else str(video)
