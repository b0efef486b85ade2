"""`zsar.mteb_model`: a recognizer as a model of MTEB, for the video tasks of MVEB (`mteb.evaluate`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from zsar.api.given_videos import clips_of
from zsar.api.loading import Precision, inference_precision, recognizer_of
from zsar.api.mteb.model_record import model_meta, model_record
from zsar.api.mteb.task_videos import TaskRows, decoded_batches, encoded_videos, modality_of
from zsar.api.mteb.video_vectors import check_one_vector, video_vectors
from zsar.api.shown_progress import reporting
from zsar.datamodules.settings import Clips
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.runtime.choices import check_choice
from zsar.runtime.files.video_errors import VideoDecodeError
from zsar.runtime.terminal import say

Array: TypeAlias = Tensor | NDArray[np.float32]
"""Embeddings as MTEB hands them back: as they were made, or from its cache."""
_MISSING = "MTEB needs the packages mteb and datasets: pip install 'zsar[mteb]', or in a checkout pip install '.[mteb]'"


class Task(Protocol):
    """What is read of MTEB's `TaskMetadata`."""

    name: str


class TaskInputs(Protocol):
    """What is read of the data loader that MTEB hands over."""

    dataset: TaskRows
    num_workers: int

    def __iter__(self) -> Iterator[dict[str, Any]]: ...  # noqa: D105 - as a data loader


def mteb_model(
    model: ActionRecognizer | str | Path | None = None,
    *,
    name: str | None = None,
    frames: int | None = None,
    clips: int = 1,
    on_damage: OnDamage = "raise",
    device: str = "auto",
    precision: Precision = "fp32",
) -> MTEBEncoder:
    """Makes a recognizer a model that MTEB evaluates: `mteb.evaluate(zsar.mteb_model(model), tasks)`.

    Videos are decoded and made by zsar, as the model was trained; MTEB's own choice of frames is not used. Texts are
    embedded as the task gives them, without a template of ours: the zero-shot tasks hand over whole prompts. With one
    clip, a zero-shot task has the accuracy of `zsar test` on the same videos and prompts.

    Args:
        model: From `zsar.load`, or what `zsar.load` takes; None for ViT-B/16 with OpenAI's weights.
        name: What MTEB calls it, "ORGANIZATION/MODEL"; None for "zsar/CLASS-ARCHITECTURE".
        frames: Frames of a clip; None for 8, or as the model was trained.
        clips: Clips of a video; more than one only where the model adds up their logits (Open-VCLIP).
        on_damage: "raise" ends a task at a video with damaged frames, "accept" uses these frames.
        device: Device of a model that is loaded here.
        precision: "fp32", "bf16" or "fp16".

    Returns:
        The model, with its `mteb_model_meta`.

    Raises:
        ModuleNotFoundError: The extra `mteb` is not installed.
        ValueError: The model has no single embedding of a video (late interaction, concept spotting, votes of frames),
            or a value is out of range.
        BackboneError: The weights of the model are neither local nor downloadable.
    """
    missing = [package for package in ("mteb", "datasets") if find_spec(package) is None]
    if missing:
        raise ModuleNotFoundError(f"{_MISSING} (missing: {', '.join(missing)})", name=missing[0])
    if name is not None and not re.fullmatch(r"[^/\s]+/[^/\s]+", name):
        raise ValueError(f"name is {name!r}, but MTEB calls a model ORGANIZATION/MODEL; give such a name")
    check_choice(OnDamage, on_damage=on_damage)
    recognizer = recognizer_of(model, device=device)
    if recognizer.adaptation is not None:
        raise ValueError(
            f"prompts tuned to each video ({type(recognizer.adaptation).__name__}) have no embedding that MTEB could "
            "compare with other videos; give the model without the adaptation"
        )
    seen = clips_of(recognizer, frames=frames, clips=clips)
    check_one_vector(recognizer.scoring, model=type(recognizer).__name__, clips=clips)
    with inference_precision(precision, recognizer.device):
        pass  # a device that does not have the precision is an error before any work
    return MTEBEncoder(recognizer, seen, name=name, on_damage=on_damage, precision=precision)


class MTEBEncoder:
    """A recognizer that follows MTEB's `EncoderProtocol`.

    Attributes:
        model: The recognizer.
        mteb_model_meta: MTEB's description (`model_record`), under which it files results.
    """

    def __init__(
        self, model: ActionRecognizer, clips: Clips, *, name: str | None, on_damage: OnDamage, precision: Precision
    ) -> None:
        """Describes the model; `mteb_model` checks the arguments.

        Args:
            model: The recognizer, in evaluation mode.
            clips: The frames that it sees of a video.
            name: "ORGANIZATION/MODEL"; None for "zsar/CLASS-ARCHITECTURE".
            on_damage: What to do with damaged frames.
            precision: "fp32", "bf16" or "fp16".
        """
        self.model = model
        self._clips, self._on_damage, self._precision = clips, on_damage, precision
        choices = {"on_damage": on_damage, "precision": precision}
        defaults = {**asdict(clips_of(model, frames=None)), "on_damage": "raise", "precision": "fp32"}
        departures = {key: value for key, value in {**asdict(clips), **choices}.items() if value != defaults[key]}
        architecture = re.sub(r"[^\w.+-]+", "-", Path(model.backbone.architecture).name)
        self.mteb_model_meta = model_meta(
            model,
            name or f"zsar/{type(model).__name__}-{architecture}",
            model_record(model, clips, choices),
            departures,
        )

    @torch.inference_mode()
    def encode(
        self,
        inputs: TaskInputs,
        *,
        task_metadata: Task,
        hf_split: str,
        hf_subset: str,
        prompt_type: object = None,
        batch_size: int = 32,
        show_progress_bar: bool = True,
        precision: str | None = None,
    ) -> Tensor:
        """Embeds the videos or the texts of a task.

        Args:
            inputs: MTEB's data loader; its number of workers (`num_proc`) is that of the processes that decode videos.
            task_metadata: The task; its name is in messages.
            hf_split: Its split, in messages, too.
            hf_subset: Its subset; makes no difference, like the type of the prompt: CLIP has one embedding of a text.
            prompt_type: Query or document.
            batch_size: Videos that go through the model together.
            show_progress_bar: Whether the videos that are done are shown.
            precision: MTEB's rounding of embeddings, which zsar does not do; must be None.

        Returns:
            float32 [N, D] on the CPU.

        Raises:
            VideoDecodeError: A video cannot be decoded.
            ValueError: The task's inputs are not videos or texts alone, a text has more tokens than the model reads,
                embeddings are not finite, or a precision is given.
            TypeError: The data set does not hold encoded videos.
        """
        if precision is not None:
            raise ValueError(
                f"encode_kwargs has precision={precision!r}, which rounds embeddings after they are computed; leave it "
                "out, and give the precision of the model to zsar.mteb_model"
            )
        where = f"{task_metadata.name}, {hf_split}"
        rows = inputs.dataset
        if modality_of(rows, where) == "text":
            parts = [self._texts(list(batch["text"])) for batch in inputs]
        else:
            videos = encoded_videos(rows, where)
            parts = self._videos(videos, where, batch_size, inputs.num_workers, shows=show_progress_bar)
        embedded = torch.cat(parts)
        if not embedded.isfinite().all():
            (row, *_) = (~embedded.isfinite().all(dim=1)).nonzero().flatten().tolist()
            raise ValueError(f"{where}, row {row}: its embedding is NaN or infinite; the weights are broken")
        return embedded

    def similarity(self, embeddings1: Array, embeddings2: Array) -> Tensor:
        """The products of all pairs: [N, D] and [M, D], or [D] of one -> float32 [N, M]."""
        return torch.atleast_2d(_floats(embeddings1)) @ torch.atleast_2d(_floats(embeddings2)).T

    def similarity_pairwise(self, embeddings1: Array, embeddings2: Array) -> Tensor:
        """The products of pairs: [N, D] twice -> float32 [N]."""
        return (_floats(embeddings1) * _floats(embeddings2)).sum(dim=-1)

    def _texts(self, texts: list[str]) -> Tensor:
        with inference_precision(self._precision, self.model.device):
            tokens = self.model.backbone.tokenize(texts).to(self.model.device)
            return self.model.text_rows(tokens).float().cpu()

    def _videos(self, rows: TaskRows, where: str, batch_size: int, n_workers: int, *, shows: bool) -> list[Tensor]:
        batches = decoded_batches(
            rows, self._clips, on_damage=self._on_damage, batch_size=batch_size, n_workers=n_workers
        )
        parts, n_damaged = [], 0
        try:
            for batch in reporting(batches, -(-len(rows) // batch_size), f"{where}: embedding, batch", shows):
                with inference_precision(self._precision, self.model.device):
                    frames = self.model.embed_views(batch.frames.to(self.model.device))
                parts.append(video_vectors(frames, self.model.scoring.scorer).cpu())
                n_damaged += batch.n_damaged
        except VideoDecodeError as error:
            raise VideoDecodeError(f"{where}, {error}") from error
        if n_damaged:
            say(f"{where}: {n_damaged} damaged frames were accepted", error=True)
        return parts


def _floats(embeddings: Array) -> Tensor:
    """float32; MTEB's caches hand over NumPy arrays."""
    return torch.as_tensor(embeddings).float()
