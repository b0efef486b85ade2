from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from tests.makers.files.embedding_files import TOWER, some_embeddings, write_stored
from zsar.api.embeddings.search import SearchResult, find_moments, search
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.tower_hash import tower_record


@pytest.fixture
def model(tiny_weights: Path) -> ZeroShotCLIP:
    return ZeroShotCLIP(backbone=ClipSettings("tiny-clip", str(tiny_weights))).eval()


def text_embedding(model: ZeroShotCLIP, text: str) -> torch.Tensor:
    with torch.inference_mode():
        return functional.normalize(model.embed_text(model.backbone.tokenize([text])), dim=-1)[0]


def test_the_video_nearest_to_the_text_is_first(tmp_path: Path, model: ZeroShotCLIP) -> None:
    width = model.backbone.embedding_width
    target = text_embedding(model, "a dog runs")
    for i in range(5):
        write_stored(tmp_path, f"{i}.mp4", some_embeddings(1, 4, width))
    write_stored(tmp_path, "dog.mp4", 7 * target.expand(1, 4, width))
    result = search(tmp_path, "a dog runs", template="name", model=model, top_k=3)
    assert isinstance(result, SearchResult)
    assert [hit.rank for hit in result.hits] == [1, 2, 3]
    assert result.hits[0].video == "dog.mp4"
    assert result.hits[0].score == pytest.approx(1, abs=1e-5)
    assert result.hits[0].start_seconds is None
    assert (result.n_videos, result.n_frames) == (6, 24)
    assert list(result.to_dict()) == ["query", "hits", "n_videos", "n_frames"]


def test_a_moment_of_a_long_video_has_its_times(tmp_path: Path, model: ZeroShotCLIP) -> None:
    target = text_embedding(model, "a dog runs")
    frames = functional.normalize(some_embeddings(1, 10, len(target)), dim=-1)
    frames -= (frames @ target)[..., None] * target  # orthogonal to the text
    frames[0, 4:6] = target
    write_stored(tmp_path, "long.mp4", frames, times=2 * torch.arange(10).double())
    result = search(tmp_path, ["a dog runs", "a cat"], template="name", model=model)
    assert isinstance(result, list)
    (hit,) = result[0].hits
    assert (hit.start_seconds, hit.end_seconds) == (8, 12)


@pytest.mark.parametrize(
    ("similarities", "moments"),
    [
        ([0.0, 1.0, 1.0, 0.0, 0.0, 0.9], [(1, 3, 1.0), (5, 6, 0.9)]),
        ([0.5, 0.5, 0.5], [(0, 3, 0.5)]),
        ([0.3], [(0, 0, 0.3)]),
    ],
)
def test_neighbouring_frames_are_one_moment(
    similarities: list[float], moments: list[tuple[float, float, float]]
) -> None:
    found = find_moments(torch.tensor(similarities), torch.arange(len(similarities)).double())
    assert found == [pytest.approx(moment) for moment in moments]


def test_the_model_is_built_from_the_files_and_checked(tmp_path: Path, model: ZeroShotCLIP, tiny_weights: Path) -> None:
    tower = replace(tower_record(model), weights=str(tiny_weights))
    write_stored(tmp_path, "a", some_embeddings(1, 4, model.backbone.embedding_width), tower=tower)
    assert isinstance(search(tmp_path, "a dog"), SearchResult)
    other = tmp_path / "other.pt"
    torch.save({k: v + 1 for k, v in torch.load(tiny_weights).items()}, other)
    with pytest.raises(ValueError, match="this run's is of ZeroShotCLIP"):
        search(tmp_path, "a dog", weights=str(other))


@pytest.mark.parametrize("query", ["", " ", [], ["a dog", ""]])
def test_a_query_must_have_words(tmp_path: Path, query: str | list[str]) -> None:
    with pytest.raises(ValueError, match="a query must be a text"):
        search(tmp_path, query)


def test_top_k_must_be_positive(tmp_path: Path) -> None:
    write_stored(tmp_path, "a", some_embeddings(1, 4, 8), tower=TOWER)
    with pytest.raises(ValueError, match="top_k must be at least 1; got 0"):
        search(tmp_path, "a dog", top_k=0)
