"""Ranks the videos of an archive, and moments of long ones, by how well they fit a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from zsar.api.embeddings.archive import Archive, open_archive
from zsar.api.embeddings.tower_model import model_of_tower
from zsar.datamodules.class_text.templates import fill_templates
from zsar.datamodules.stored_embeddings.embedding_files import StoredEmbeddings
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.runtime.number_limits import check_least


@dataclass(frozen=True)
class SearchHit:
    """A video, or a moment of a long one, that fits a query.

    Attributes:
        rank: 1 for the best.
        video: Its name in the archive.
        file: Its path when it was embedded.
        score: Cosine similarity of text and frames, -1 to 1: of a clip, of its mean frame; of a moment, of its best
            frame. Compare scores of one query only.
        start_seconds: When the moment starts, in seconds on the player's clock; None if clips were embedded.
        end_seconds: When it ends.
    """

    rank: int
    video: str
    file: str
    score: float
    start_seconds: float | None = None
    end_seconds: float | None = None


@dataclass(frozen=True)
class SearchResult:
    """What fits one query, best first.

    Attributes:
        query: The text.
        hits: The videos and moments.
        n_videos: Number of videos that were searched.
        n_frames: Number of stored frames that were compared.
    """

    query: str
    hits: tuple[SearchHit, ...]
    n_videos: int
    n_frames: int

    def to_dict(self) -> dict[str, Any]:
        """Plain types, as `zsar search --json` prints them."""
        return asdict(self)


def search(
    archive: Archive | Path | str,
    query: str | Sequence[str],
    *,
    top_k: int = 10,
    template: str = "video",
    model: ActionRecognizer | None = None,
    weights: str | None = None,
    tokenizer: str | None = None,
    checkpoint: Path | str | None = None,
) -> SearchResult | list[SearchResult]:
    """Searches stored embeddings by text.

    Videos that were embedded as clips are ranked as a whole. Of videos that were embedded frame by frame
    (`zsar embed --stride_seconds`), moments are ranked: neighbouring frames whose similarity is above the middle
    between the median and the maximum of their video.

    Args:
        archive: The folder that `zsar embed` wrote, or the opened archive.
        query: A text, or several.
        top_k: Number of hits for each query.
        template: Prompt template with {} that the text is put into, or a named set of templates, whose embeddings are
            averaged; "name" for the text as it is.
        model: The model that embedded the videos; None to build it from what the files state.
        weights: CLIP's weights, if they have moved since.
        tokenizer: Folder with the files of the tokenizer, if it is not the one that the model names, or has moved.
        checkpoint: The checkpoint, if it has moved since.

    Returns:
        One result for a text, a list for several.

    Raises:
        EmbeddingFileError: The folder has no embeddings, or of several models; or a file is damaged.
        ValueError: There is no query, `top_k` is below 1, or the model is not the one that embedded the videos.
    """
    queries = [query] if isinstance(query, str) else list(query)
    if not queries or not all(text.strip() for text in queries):
        raise ValueError(f"a query must be a text of one word or more; got {query!r}")
    check_least(1, top_k=top_k)
    opened = archive if isinstance(archive, Archive) else open_archive(archive)
    if model is None:
        model = model_of_tower(opened.tower, weights=weights, tokenizer=tokenizer, checkpoint=checkpoint)
    results = _ranked(opened, queries, _embedded_queries(model, queries, template), top_k)
    return results[0] if isinstance(query, str) else results


@torch.inference_mode()
def _embedded_queries(model: ActionRecognizer, queries: Sequence[str], template: str) -> Tensor:
    """L2-normalized [Q, D] on the CPU; several templates are averaged."""
    prompts = tuple(fill_templates("search", [text], template).prompts[0] for text in queries)
    embedded = model.prompt_embeddings(prompts)
    return functional.normalize(embedded.float().mean(dim=1), dim=-1).cpu()


def _ranked(archive: Archive, queries: Sequence[str], texts: Tensor, top_k: int) -> list[SearchResult]:
    hits: list[list[SearchHit]] = [[] for _ in queries]
    n_videos = n_frames = 0
    for content in archive.videos():
        if content.embeddings.shape[-1] != texts.shape[-1]:
            raise ValueError(
                f"{content.record.video.name} is embedded in {content.embeddings.shape[-1]} dimensions, the text in "
                f"{texts.shape[-1]}; give the model that embedded the videos"
            )
        n_videos += 1
        n_frames += content.embeddings.shape[0] * content.embeddings.shape[1]
        for found, of_video in zip(hits, _hits_of(content, texts), strict=True):
            found += of_video
            if len(found) > 8 * top_k:  # bounded memory for archives of any size
                found[:] = _best(found, top_k)
    return [
        SearchResult(text, tuple(_numbered(_best(found, top_k))), n_videos, n_frames)
        for text, found in zip(queries, hits, strict=True)
    ]


def _hits_of(content: StoredEmbeddings, texts: Tensor) -> list[list[SearchHit]]:
    """The hits of one video for each query, unranked."""
    video = content.record.video
    if content.times_seconds is None:
        frames = functional.normalize(content.embeddings, dim=-1).mean(dim=1)
        scores = (functional.normalize(frames, dim=-1) @ texts.T).mean(dim=0)
        return [[SearchHit(0, video.name, video.file, score)] for score in scores.tolist()]
    similarities = functional.normalize(content.embeddings[0], dim=-1) @ texts.T  # [N, Q]
    return [
        [SearchHit(0, video.name, video.file, score, start, end) for start, end, score in moments]
        for moments in (find_moments(column, content.times_seconds) for column in similarities.T)
    ]


def find_moments(similarities: Tensor, times_seconds: Tensor) -> list[tuple[float, float, float]]:
    """Merges neighbouring frames that fit a text.

    Args:
        similarities: Of the frames of a video with a text, [N].
        times_seconds: When each frame is shown, [N], increasing.

    Returns:
        Start, end (when the next frame is shown; the last frame lasts as long as the median one) and best similarity of
        each run of frames above the middle between median and maximum; one moment of all frames if they are equal.
    """
    threshold = (similarities.median() + similarities.max()) / 2
    above = similarities >= threshold
    gap = float(times_seconds.diff().median()) if len(times_seconds) > 1 else 0.0
    ends = torch.cat([times_seconds[1:], times_seconds[-1:] + gap])
    edges = torch.nn.functional.pad(above.int(), (1, 1)).diff()
    starts, stops = (edges == 1).nonzero().flatten().tolist(), (edges == -1).nonzero().flatten().tolist()
    return [
        (float(times_seconds[a]), float(ends[b - 1]), float(similarities[a:b].max()))
        for a, b in zip(starts, stops, strict=True)
    ]


def _best(hits: list[SearchHit], top_k: int) -> list[SearchHit]:
    return sorted(hits, key=lambda hit: (-hit.score, hit.video, hit.start_seconds or 0.0))[:top_k]


def _numbered(hits: list[SearchHit]) -> list[SearchHit]:
    return [SearchHit(**{**vars(hit), "rank": rank}) for rank, hit in enumerate(hits, start=1)]
