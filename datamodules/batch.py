"""The contract between data and models: videos, batches, and the classes of a set as text.

Letters: B videos, V views of a video, K further views of it, T frames of a view, C classes, P prompts of a class.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from zsar.datamodules.choices.colour_changes import ColourChanges
from zsar.datamodules.class_identity import find_same_classes
from zsar.datamodules.stored_embeddings.tower_record import TowerRecord


@dataclass(frozen=True)
class VideoRecord:
    """One video of a data set: its file and its class.

    Attributes:
        path: The video file.
        label: 0-based index of its class in the class list of its set; -1 if unknown.
        segment_seconds: Start and end of the clip within the file, in seconds on the player's clock
            (`video_files.decoding`); None for the whole file.
    """

    path: Path
    label: int
    segment_seconds: tuple[float, float] | None = None


@dataclass(frozen=True)
class ViewBatch:
    """Further views of the videos in a batch, for methods that adapt to a video before predicting its class.

    Attributes:
        frames: uint8 [B, K, T', 3, H, W], RGB; H and W as in `VideoBatch.frames`, and T' = T unless these views have
            their own number of frames.
        weights: float32 [V + K], multiplicity of each view, first those of `VideoBatch.frames`, then those of `frames`;
            0 for a view that is predicted on but not adapted to. The same for every video.
        seeds: int64 [B], seeds of all random draws for a video; derived from the run's seed and the video's key, so
            they do not depend on order, batches or processes.
        seconds: float32 [B], time spent on making the views of each video.
    """

    frames: Tensor
    weights: Tensor
    seeds: Tensor
    seconds: Tensor

    def __post_init__(self) -> None:
        """Checks the layout of the frames."""
        if self.frames.ndim != 6 or self.frames.shape[3] != 3 or self.frames.dtype != torch.uint8:
            raise ValueError(
                f"ViewBatch.frames must be uint8 [B, K, T, 3, H, W]; got {self.frames.dtype} {list(self.frames.shape)}"
            )


@dataclass(frozen=True)
class VideoBatch:
    """What a data loader hands to a model.

    Attributes:
        frames: uint8 [B, V, T, 3, H, W], RGB, not normalized: statistics belong to the model.
        labels: int64 [B], 0-based; -1 if unknown.
        indices: int64 [B], row of each video in its set, which links a prediction to its file.
        failed: bool [B], true if the video could not be decoded and its frames are blank. Such a video counts as wrong
            in a test and is left out of validation. Never true in training.
        undecodable: Error message of each file that could not be decoded. In training, another video replaced it; in
            evaluation, there is one message for each of `failed`, in order.
        views: Further views of the videos if `clips.views` is set, else None.
        n_damaged: Number of damaged frames that were read for the batch, if they are accepted (`loading.on_damage`).
        embeddings: float32 [B, V, T, D], stored embeddings of the frames, not L2-normalized, which take the place of
            the frames: these are then [B, V, T, 3, 0, 0]. None for decoded frames.
        embedded_by: The visual tower that made `embeddings`; None without them.
        label_sets: bool [B, C], which classes each video shows, in a set whose videos have several labels or none
            (`ClassText.multi_label`); their `labels` are -1. None where a video has one.
        colours: Of each of B training clips, the change of colours that is left to be made on the device, before a
            model is shown the frames; empty if there is none.
    """

    frames: Tensor
    labels: Tensor
    indices: Tensor
    failed: Tensor
    undecodable: tuple[str, ...] = ()
    views: ViewBatch | None = None
    n_damaged: int = 0
    embeddings: Tensor | None = None
    embedded_by: TowerRecord | None = None
    label_sets: Tensor | None = None
    colours: tuple[ColourChanges, ...] = ()

    def __post_init__(self) -> None:
        """Checks the layout of the frames, since a wrong one could broadcast silently."""
        if self.frames.ndim != 6 or self.frames.shape[3] != 3 or self.frames.dtype != torch.uint8:
            raise ValueError(
                f"VideoBatch.frames must be uint8 [B, V, T, 3, H, W]; got {self.frames.dtype} {list(self.frames.shape)}"
            )
        stored = self.embeddings
        if stored is not None and (stored.ndim != 4 or stored.shape[:3] != self.frames.shape[:3]):
            raise ValueError(
                f"VideoBatch.embeddings must be [B, V, T, D] as frames of {list(self.frames.shape)}; got "
                f"{list(stored.shape)}"
            )
        if (stored is None) != (self.embedded_by is None):
            raise ValueError("VideoBatch.embeddings need embedded_by, the tower that made them; give both or neither")
        if self.label_sets is not None and (self.label_sets.dtype != torch.bool or len(self.label_sets) != len(self)):
            raise ValueError(
                f"VideoBatch.label_sets must be bool [B, C] with B {len(self)}; got {self.label_sets.dtype} "
                f"{list(self.label_sets.shape)}"
            )
        if self.colours and len(self.colours) != len(self):
            raise ValueError(
                f"VideoBatch.colours are of {len(self.colours)} clips, but it has {len(self)}; give one each"
            )

    def __len__(self) -> int:
        """B, the number of videos."""
        return self.frames.shape[0]

    def to(self, device: torch.device | str, non_blocking: bool = False) -> VideoBatch:
        """The same batch on another device; Lightning calls this."""
        return _map_tensors(self, lambda t: t.to(device, non_blocking=non_blocking))

    def pin_memory(self) -> VideoBatch:
        """The same batch in page-locked memory; the data loader calls this."""
        return _map_tensors(self, lambda t: t.pin_memory())


Batch = TypeVar("Batch", VideoBatch, ViewBatch)


def _map_tensors(batch: Batch, function: Callable[[Tensor], Tensor]) -> Batch:
    changed: dict[str, Any] = {}
    for name, value in ((field.name, getattr(batch, field.name)) for field in fields(batch)):
        if isinstance(value, Tensor):
            changed[name] = function(value)
        elif isinstance(value, ViewBatch):
            changed[name] = _map_tensors(value, function)
    return replace(batch, **changed)


def _as_compared(prompt: str) -> str:
    """A prompt without what a tokenizer ignores: case and the amount of white space."""
    return " ".join(unicodedata.normalize("NFC", prompt).casefold().split())


@dataclass(frozen=True)
class ClassText:
    """The classes of one set of videos, as text.

    Attributes:
        set_name: The set's name in metrics and tables: "base", "novel", "val", ...
        names: The C class names, in label order.
        prompts: For each class its P >= 1 prompts, P the same for all classes.
        source: Where the prompts come from, as shown in results ("template: a video of {}").
        prompt_groups: Attribute group of each of the P prompts, the same for every class ("Scene", ...); None if
            prompts have no attributes.
        prompt_attributes: Attribute that each of them describes ("posture", ...); None if they have none.
        templates: Templates that the names were filled into, for whole prompts or for the lead of texts; may be empty.
        multi_label: Whether a video of the set may show several of the classes, or none (`VideoBatch.label_sets`).
    """

    set_name: str
    names: tuple[str, ...]
    prompts: tuple[tuple[str, ...], ...]
    source: str
    prompt_groups: tuple[str, ...] | None = None
    prompt_attributes: tuple[str, ...] | None = None
    templates: tuple[str, ...] = ()
    multi_label: bool = False

    def __post_init__(self) -> None:
        """Checks that a model can be tested on this class text."""
        if len(self.names) != len(self.prompts):
            raise ValueError(f"{len(self.names)} class names but prompts for {len(self.prompts)} classes")
        self._check_unique_names()
        if not self.names:
            raise ValueError(f"the set {self.set_name!r} has no classes")
        if len({len(p) for p in self.prompts}) != 1 or not self.prompts[0]:
            raise ValueError(f"every class of {self.set_name!r} needs the same number of prompts, at least one")
        self._check_distinct_prompts()
        if (self.prompt_groups is None) != (self.prompt_attributes is None):
            raise ValueError(f"prompts of {self.set_name!r} need both groups and attributes, or neither")
        for kind, labels in (("groups", self.prompt_groups), ("attributes", self.prompt_attributes)):
            if labels is not None and len(labels) != len(self.prompts[0]):
                raise ValueError(
                    f"{len(labels)} {kind} of prompts, but each class of {self.set_name!r} has "
                    f"{len(self.prompts[0])} prompts; give one for each"
                )

    def _check_unique_names(self) -> None:
        if len(set(self.names)) != len(self.names):
            twice = sorted({n for n in self.names if self.names.count(n) > 1})
            raise ValueError(f"class names of {self.set_name!r} are not unique: {', '.join(twice)}")
        for before, index in find_same_classes(self.names):
            raise ValueError(
                f"class names of {self.set_name!r} are not unique: {self.names[before]!r} and {self.names[index]!r} "
                "are one class; write it in one way, and once"
            )

    def _check_distinct_prompts(self) -> None:
        first: dict[tuple[str, ...], str] = {}
        for name, prompts in zip(self.names, self.prompts, strict=True):
            earlier = first.setdefault(tuple(_as_compared(prompt) for prompt in prompts), name)
            if earlier != name:
                raise ValueError(
                    f"the classes {earlier!r} and {name!r} of {self.set_name!r} have the same prompts, such as "
                    f"{prompts[:1]}, so that no model can tell them apart; give each its own text"
                )

    @property
    def prompts_per_class(self) -> int:
        """P."""
        return len(self.prompts[0])

    @property
    def content_hash(self) -> str:
        """SHA-256 (first 16 hex digits) of names and prompts in order: the same text gives the same hash anywhere."""
        content = json.dumps([self.names, self.prompts], ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()[:16]
