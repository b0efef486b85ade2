"""Tables of prototypes: the candidates of all videos in, the prototype by which a video is scored out.

Each set of classes has a table of its own, as the draws of a test have other pseudo-labels and other probabilities.
A video counts once in it, by its id.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from zsar.lightning_modules.recognition.class_memory import ClassMemory, stream_key
from zsar.lightning_modules.t3al.memory.candidates import Candidate
from zsar.lightning_modules.t3al.memory.class_prototypes import ClassPrototypes


class PrototypeTable(Protocol):
    """What both orders have in common."""

    def insert(self, video_id: str, candidates: Mapping[int, Candidate]) -> None:
        """Shows a video to the tables of its sets, by index of the set."""

    def merge(self, other: PrototypeTable) -> None:
        """Adds what a table of the same settings was shown, in another process."""

    def prototype(self, index: int, label: int, video_id: str) -> Tensor | None:
        """The prototype of a class by which a video is scored.

        Args:
            index: Index of the set.
            label: The class, as an index into the union.
            video_id: The video, which was inserted before.

        Returns:
            v, a unit vector, float64 [D] on the CPU; None if no candidate of this class is known, so that the text of
            the class takes its place.
        """

    def counts(self) -> dict[int, dict[str, int]]:
        """For each set the classes that have a prototype in the end, and the candidates that these are made of."""


class TwoPassTable:
    """The prototypes of all videos, for all videos; holds at most `capacity` candidates of a class."""

    def __init__(self, capacity: int) -> None:
        """Starts empty.

        Args:
            capacity: B.
        """
        self._capacity = capacity
        self._of_sets: dict[int, ClassMemory[Tensor]] = {}

    def insert(self, video_id: str, candidates: Mapping[int, Candidate]) -> None:
        """See `PrototypeTable.insert`."""
        for index, candidate in candidates.items():
            memory = self._of_sets.setdefault(index, ClassMemory(self._capacity))
            _insert(memory, video_id, candidate)

    def merge(self, other: PrototypeTable) -> None:
        """See `PrototypeTable.merge`."""
        assert isinstance(other, TwoPassTable)
        for index, memory in other._of_sets.items():
            self._of_sets.setdefault(index, ClassMemory(self._capacity)).merge(memory)

    def prototype(self, index: int, label: int, video_id: str) -> Tensor | None:
        """See `PrototypeTable.prototype`; the same for all videos."""
        memory = self._of_sets.get(index)
        return None if memory is None else mean_of_best(memory, label)

    def counts(self) -> dict[int, dict[str, int]]:
        """See `PrototypeTable.counts`."""
        return {index: _counts(memory) for index, memory in sorted(self._of_sets.items())}


class StreamTable:
    """For each video the prototypes of the videos up to it; holds the candidates of all videos.

    Since the order is fixed by the ids, neither the batch nor the process in which a video is seen matters here either.
    """

    def __init__(self, capacity: int) -> None:
        """Starts empty.

        Args:
            capacity: B.
        """
        self._capacity = capacity
        self._shown: dict[int, dict[str, Candidate]] = {}
        self._prototypes: dict[int, dict[str, Tensor | None]] = {}
        self._counts: dict[int, dict[str, int]] = {}

    def insert(self, video_id: str, candidates: Mapping[int, Candidate]) -> None:
        """See `PrototypeTable.insert`."""
        for index, candidate in candidates.items():
            self._shown.setdefault(index, {})[video_id] = candidate
        self._prototypes, self._counts = {}, {}

    def merge(self, other: PrototypeTable) -> None:
        """See `PrototypeTable.merge`."""
        assert isinstance(other, StreamTable)
        for index, of_set in other._shown.items():
            self._shown.setdefault(index, {}).update(of_set)
        self._prototypes, self._counts = {}, {}

    def prototype(self, index: int, label: int, video_id: str) -> Tensor | None:
        """See `PrototypeTable.prototype`; that of the video's own pseudo-label, which is its label."""
        if index not in self._prototypes:
            self._play(index)
        return self._prototypes[index][video_id]

    def counts(self) -> dict[int, dict[str, int]]:
        """See `PrototypeTable.counts`."""
        for index in self._shown:
            self._play(index)
        return dict(sorted(self._counts.items()))

    def _play(self, index: int) -> None:
        """Inserts the videos of a set one after another, and keeps what each of them is scored by."""
        memory: ClassMemory[Tensor] = ClassMemory(self._capacity)
        prototypes: dict[str, Tensor | None] = {}
        for video_id, candidate in sorted(self._shown[index].items(), key=lambda shown: stream_key(shown[0])):
            _insert(memory, video_id, candidate)
            prototypes[video_id] = mean_of_best(memory, candidate.label)
        self._prototypes[index], self._counts[index] = prototypes, _counts(memory)


def table_of(settings: ClassPrototypes) -> TwoPassTable | StreamTable:
    """An empty table for the order of the settings."""
    return (TwoPassTable if settings.order == "two_pass" else StreamTable)(settings.capacity)


def mean_of_best(memory: ClassMemory[Tensor], label: int) -> Tensor | None:
    """The prototype of a class: the direction of the mean of its candidates.

    Args:
        memory: Candidates z [D].
        label: The class.

    Returns:
        A unit vector, float64 [D]; None if the class has no candidate.
    """
    best = memory.best(label)
    if not best:
        return None
    return functional.normalize(torch.stack([remembered.item.double() for remembered in best]).mean(dim=0), dim=0)


def _insert(memory: ClassMemory[Tensor], video_id: str, candidate: Candidate) -> None:
    if candidate.embedding is not None:
        memory.insert(candidate.label, candidate.embedding, key=candidate.doubt, identity=video_id)


def _counts(memory: ClassMemory[Tensor]) -> dict[str, int]:
    return {"n_classes": len(memory.labels()), "n_candidates": len(memory)}
