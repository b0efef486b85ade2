"""`zsar.classify`: names the action in videos, among classes that the caller gives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict, overload

from typing_extensions import Unpack

from zsar.api.adaptation.adaptation_files import AdaptationLike, adaptation_of
from zsar.api.answers import Classification
from zsar.api.given_classes import Classes, class_text_of
from zsar.api.given_videos import Video
from zsar.api.listed_videos import listed_videos
from zsar.api.loading import Precision, recognizer_of
from zsar.api.prepared_answers import prepare_answers
from zsar.api.shown_progress import Progress, reporting
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.runtime.files.video_errors import VideoDecodeError
from zsar.runtime.number_limits import check_seed


class ClassifySettings(TypedDict, total=False):
    """The optional arguments of `classify`, which describes them."""

    model: ActionRecognizer | str | Path | None
    template: str | Sequence[str]
    frames: int | None
    clips: int
    adaptation: AdaptationLike | None
    seed: int
    threshold: float
    batch_size: int | None
    n_workers: int | None
    on_damage: OnDamage
    device: str
    precision: Precision
    progress: Progress


@overload
def classify(  # type: ignore[overload-overlap] # a str is a sequence of them, but one video here
    videos: Video, classes: Classes, **settings: Unpack[ClassifySettings]
) -> Classification: ...


@overload
def classify(
    videos: Sequence[Video], classes: Classes, **settings: Unpack[ClassifySettings]
) -> list[Classification]: ...


def classify(
    videos: Video | Sequence[Video],
    classes: Classes,
    *,
    model: ActionRecognizer | str | Path | None = None,
    template: str | Sequence[str] = "video",
    frames: int | None = None,
    clips: int = 1,
    adaptation: AdaptationLike | None = None,
    seed: int = 0,
    threshold: float = 0.0,
    batch_size: int | None = None,
    n_workers: int | None = None,
    on_damage: OnDamage = "raise",
    device: str = "auto",
    precision: Precision = "fp32",
    progress: Progress = None,
) -> Classification | list[Classification]:
    """Names the action in videos, among classes that are given; any names work, and nothing is trained.

    Probabilities are relative to the given classes: they sum to 1 even if none fits. Models with a logit bias (SigLIP)
    also tell the probability of each class by itself, `own_probabilities`: all are small if none fits.

    Args:
        videos: A video file, or its RGB frames uint8 [T, 3, H, W]; or a list of these.
        classes: At least two class names; a mapping from names to prompts; or a file (`given_classes`).
        model: From `zsar.load`, or what `zsar.load` takes; None for ViT-B/16 with OpenAI's weights.
        template: Prompt template with {} for names, or the name of a set of templates.
        frames: Frames of a clip; None for 8, or as the model was trained.
        clips: Clips of a video, whose probabilities are averaged.
        adaptation: Tunes a prompt to each video before it is classified: the name of a file in configs/adaptation
            ("tpt"), a file, a `PromptTuning`, or an `Adaptation`, which has the views, too. Each answer then has
            `untuned`.
        seed: Seed of the random views of an adaptation.
        threshold: The answer is "none of these" where the best probability is lower; with a model that has a logit
            bias, where the own probability of every class is.
        batch_size: Videos that go through the model together; None for 8, or as an adaptation says.
        n_workers: Processes that decode; None for one for each processor where there are more than a few videos, and
            where the model, if it runs on the CPU, is quicker than the decoding.
        on_damage: "raise" treats videos with damaged frames as undecodable, "accept" uses these frames.
        device: Device of a model that is loaded here; a loaded one stays where it is.
        precision: "fp32", "bf16" or "fp16".
        progress: True for a progress bar, or a function of the numbers of videos done and of all.

    Returns:
        The answer for one video; for a list one for each, in order, with `error` where a video has none.

    Raises:
        VideoDecodeError: A single video cannot be decoded.
        ValueError: A value is out of range, there are fewer than two classes, or an adaptation does not fit.
        BackboneError: The weights of the model are neither local nor downloadable, or its prompts cannot be tuned.
    """
    one, listed = listed_videos(videos)
    text = class_text_of(classes, template=template, least=2)
    check_threshold(threshold)
    method = None if adaptation is None else adaptation_of(adaptation)
    if method is None and seed != 0:
        raise ValueError(f"seed {seed} has no effect without an adaptation; leave it out")
    check_seed(seed)
    if method is not None and clips != 1:
        raise ValueError(f"clips is {clips}, but an adaptation has a single test view; leave clips out")
    prepared = prepare_answers(
        recognizer_of(model, device=device), text, method, frames=frames, clips=clips, seed=seed, threshold=threshold,
        batch_size=batch_size, n_workers=n_workers, on_damage=on_damage, precision=precision,
    )  # fmt: skip
    answers = prepared.of(listed)
    done = list(reporting(answers, len(listed), "classifying", progress))
    if not one:
        return done
    if done[0].error is not None:
        raise VideoDecodeError(done[0].error)
    return done[0]


def check_threshold(threshold: float) -> None:
    """Checks that a threshold is a probability.

    Raises:
        ValueError: It is not.
    """
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold is a probability, from 0 to 1; got {threshold}")
