"""One embedding for each video, from batches and processes."""

from unittest.mock import MagicMock

import numpy as np
import pytest
import torch

from zsar.callbacks.pictures.embedding_map import collected_embeddings
from zsar.callbacks.pictures.embedding_map.collected_embeddings import CollectedEmbeddings
from zsar.datamodules.batch import ClassText, VideoBatch

TEXTS = [ClassText(name, ("run", "swim"), (("run",), ("swim",)), "test") for name in ("base", "novel")]
ONE = MagicMock(world_size=1)


def batch_of(rows: list[int], labels: list[int], failed: list[bool]) -> VideoBatch:
    frames = torch.zeros(len(rows), 2, 3, 3, 4, 4, dtype=torch.uint8)
    return VideoBatch(frames, torch.tensor(labels), torch.tensor(rows), torch.tensor(failed))


def test_a_video_is_the_mean_of_its_frames_at_unit_length() -> None:
    frames = torch.tensor([[[[3.0, 0.0], [3.0, 0.0]], [[0.0, 4.0], [0.0, 4.0]]]])
    collected = CollectedEmbeddings(TEXTS)
    collected.add(batch_of([5], [1], [False]), frames, "base")
    base, novel = collected.gathered(ONE)
    np.testing.assert_allclose(base.embeddings, [[0.6, 0.8]], rtol=1e-6)
    assert (base.rows.tolist(), base.labels.tolist(), len(base), len(novel)) == ([5], [1], 1, 0)


def test_undecodable_videos_are_left_out_and_counted_and_rows_are_in_order() -> None:
    collected = CollectedEmbeddings(TEXTS)
    frames = torch.randn(3, 2, 3, 8)
    collected.add(batch_of([7, 8, 2], [0, 1, 1], [False, True, False]), frames, "base")
    collected.add(batch_of([1], [0], [False]), frames[:1], "base")
    base = collected.gathered(ONE)[0]
    assert (base.rows.tolist(), base.labels.tolist(), base.n_failed) == ([1, 2, 7], [0, 1, 0], 1)
    np.testing.assert_allclose(base.embeddings[0], base.embeddings[2])
    np.testing.assert_allclose(np.linalg.norm(base.embeddings, axis=1), 1, rtol=1e-5)


def test_a_set_without_a_decoded_video_is_empty() -> None:
    collected = CollectedEmbeddings(TEXTS)
    collected.add(batch_of([0], [0], [True]), torch.randn(1, 2, 3, 8), "novel")
    base, novel = collected.gathered(ONE)
    assert (len(base), base.n_failed, len(novel), novel.n_failed) == (0, 0, 0, 1)


def test_videos_of_all_processes_are_there_once(monkeypatch: pytest.MonkeyPatch) -> None:
    mine, other = CollectedEmbeddings(TEXTS), CollectedEmbeddings(TEXTS)
    frames = torch.randn(2, 2, 3, 8)
    mine.add(batch_of([0, 2], [0, 1], [False, False]), frames, "base")
    other.add(batch_of([1, 2], [1, 1], [False, False]), frames, "base")
    everyone = [(one._videos, one._failed) for one in (mine, other)]
    monkeypatch.setattr(collected_embeddings, "gather_from_all", lambda value, trainer: everyone)
    base = mine.gathered(ONE)[0]
    assert (base.rows.tolist(), base.labels.tolist()) == ([0, 1, 2], [0, 1, 1])
    first, second = torch.nn.functional.normalize(frames.mean(dim=(1, 2)), dim=-1).numpy()
    np.testing.assert_allclose(base.embeddings, [first, first, second], rtol=1e-5)  # in the order of rows
