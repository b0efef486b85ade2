"""`zsar.embed` and `zsar.embed_text`: embeddings of videos and of texts, for search, clustering and classifiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from zsar.api.given_classes import Classes, class_text_of
from zsar.api.given_videos import Video, clips_of, given_batches
from zsar.api.listed_videos import listed_videos
from zsar.api.loading import Precision, inference_precision, recognizer_of
from zsar.api.shown_progress import Progress, reporting
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.runtime.files.video_errors import VideoDecodeError


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Embeddings of N videos.

    Attributes:
        paths: The N files; None for given frames.
        vectors: One embedding for each video, the mean of its frames, L2-normalized float32 [N, D]; NaN where a video
            has an error.
        frames: Embeddings of the frames of all clips, not normalized, float32 [N, V, T, D].
        errors: Why a video could not be decoded, or None; N of them.
    """

    paths: tuple[str | None, ...]
    vectors: Tensor
    frames: Tensor
    errors: tuple[str | None, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain types for JSON: paths, vectors and errors."""
        vectors = [None if error else row for row, error in zip(self.vectors.tolist(), self.errors, strict=True)]
        return {"paths": list(self.paths), "vectors": vectors, "errors": list(self.errors)}


@dataclass(frozen=True, eq=False)
class TextEmbeddings:
    """Embeddings of C classes.

    Attributes:
        names: The C names.
        vectors: One embedding for each class, the mean of its prompts, L2-normalized float32 [C, D].
        prompts: Embeddings of the prompts, L2-normalized float32 [C, P, D].
    """

    names: tuple[str, ...]
    vectors: Tensor
    prompts: Tensor

    def to_dict(self) -> dict[str, Any]:
        """Plain types for JSON: names and vectors."""
        return {"names": list(self.names), "vectors": self.vectors.tolist()}


def embed(
    videos: Video | Sequence[Video],
    *,
    model: ActionRecognizer | str | Path | None = None,
    frames: int | None = None,
    clips: int = 1,
    batch_size: int = 8,
    n_workers: int | None = None,
    on_damage: OnDamage = "raise",
    device: str = "auto",
    precision: Precision = "fp32",
    progress: Progress = None,
) -> Embeddings:
    """Embeds videos. To store embeddings of many videos, see `zsar embed`.

    The product of `vectors` with those of `embed_text` is their cosine similarity.

    Args:
        videos: A video file, or its RGB frames uint8 [T, 3, H, W]; or a list of these.
        model: From `zsar.load`, or what `zsar.load` takes; None for ViT-B/16 with OpenAI's weights.
        frames: Frames of a clip; None for 8, or as the model was trained.
        clips: Clips of a video.
        batch_size: Videos that go through the model together.
        n_workers: Processes that decode; None for one for each processor where there are more than a few videos, and
            where the model, if it runs on the CPU, is quicker than the decoding.
        on_damage: "raise" treats videos with damaged frames as undecodable, "accept" uses these frames.
        device: Device of a model that is loaded here.
        precision: "fp32", "bf16" or "fp16".
        progress: True for a progress bar, or a function of the numbers of videos done and of all.

    Returns:
        The embeddings, on the CPU; N = 1 for one video.

    Raises:
        VideoDecodeError: A single video cannot be decoded; in a list, it has an error instead.
        ValueError: A value is out of range, or there is no video.
        BackboneError: The weights of the model are neither local nor downloadable.
    """
    one, listed = listed_videos(videos)
    if not listed:
        raise ValueError("there is no video to embed; give a file, frames, or a list of these")
    recognizer = recognizer_of(model, device=device)
    seen = clips_of(recognizer, frames=frames, clips=clips)
    embedded: dict[int, Tensor] = {}
    errors: dict[int, str] = {}
    batches = given_batches(
        listed,
        seen,
        on_damage=on_damage,
        batch_size=batch_size,
        n_workers=n_workers,
        is_on_cpu=recognizer.device.type == "cpu",
    )
    for batch in reporting(batches, -(-len(listed) // batch_size), "embedding, batch", progress):
        errors |= batch.errors
        if batch.videos is not None:
            with torch.inference_mode(), inference_precision(precision, recognizer.device):
                views = recognizer.embed_views(batch.videos.frames.to(recognizer.device)).float().cpu()
            embedded |= dict(zip(batch.decoded, views, strict=True))
    if one and errors:
        raise VideoDecodeError(errors[0])
    return _put_together(listed, embedded, errors, recognizer, seen.n_test_clips, seen.n_frames)


def embed_text(
    classes: Classes,
    *,
    model: ActionRecognizer | str | Path | None = None,
    template: str | Sequence[str] = "video",
    device: str = "auto",
) -> TextEmbeddings:
    """Embeds class names, prompts or any texts.

    Args:
        classes: Names; a mapping from names to prompts; or a file (`given_classes`).
        model: From `zsar.load`, or what `zsar.load` takes; None for ViT-B/16 with OpenAI's weights.
        template: Prompt template with {} for names, or the name of a set of templates; "name" for texts as they are.
        device: Device of a model that is loaded here.

    Returns:
        The embeddings, on the CPU.

    Raises:
        ValueError: A name is given twice, or a prompt has more tokens than the text tower reads.
        BackboneError: The weights of the model are neither local nor downloadable.
    """
    text = class_text_of(classes, template=template)
    recognizer = recognizer_of(model, device=device)
    with torch.inference_mode():
        prompts = recognizer.prompt_embeddings(text.prompts).float().cpu()
    return TextEmbeddings(text.names, functional.normalize(prompts.mean(dim=1), dim=-1), prompts)


def _put_together(
    videos: Sequence[Video],
    embedded: dict[int, Tensor],
    errors: dict[int, str],
    model: ActionRecognizer,
    n_clips: int,
    n_frames: int,
) -> Embeddings:
    width = next(iter(embedded.values())).shape[-1] if embedded else int(model.backbone.embedding_width)
    missing = torch.full((n_clips, n_frames, width), torch.nan)
    frames = torch.stack([embedded.get(row, missing) for row in range(len(videos))])
    return Embeddings(
        paths=tuple(None if isinstance(video, Tensor) else str(video) for video in videos),
        vectors=functional.normalize(functional.normalize(frames.mean(dim=2), dim=-1).mean(dim=1), dim=-1),
        frames=frames,
        errors=tuple(errors.get(row) for row in range(len(videos))),
    )
