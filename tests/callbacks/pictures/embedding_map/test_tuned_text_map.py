"""A test run with TunedTextMap: the classes that were scored, before and after tuning."""

from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning.pytorch import Trainer

from tests.makers.results.map_runs import draw, numbers, small_data, tiny_model, tuning
from zsar.callbacks.pictures.embedding_map import tuned_text_map
from zsar.callbacks.pictures.embedding_map.numbers.text_spread import class_points, deviation
from zsar.callbacks.pictures.embedding_map.observed_batches import ObservedBatches, ObservingCallback
from zsar.callbacks.pictures.embedding_map.tuned_text_map import TunedTextMap
from zsar.callbacks.prompt_tuning.prompt_tuning import PromptTuning
from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.lightning_modules.bike.bike import BIKE
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.run_folders.picture_files import read_pictures


class Kept(ObservingCallback):
    """Keeps the tuned classes of all videos."""

    def __init__(self) -> None:
        self.tuned: list[np.ndarray] = []

    def see(self, batch: VideoBatch, text: ClassText, observed: ObservedBatches) -> None:
        self.tuned += list(class_points(observed.embedded.class_texts[0].numpy()))


@pytest.mark.slow
def test_the_numbers_are_of_all_videos_and_some_are_shown(tmp_path: Path, video_tree: Path) -> None:
    module, kept = small_data(video_tree, n_further_views=3), Kept()
    metrics = draw(tmp_path, module, TunedTextMap(n_videos=3), tuning(), kept)
    content, n = numbers(tmp_path, "test", "texts_pca"), len(module.sets["test"])
    (names,) = content["texts"].values()
    assert list(content["texts"]) == ["names"]
    tuned = np.stack(kept.tuned)
    assert names["n_videos"] == len(tuned) == n
    assert names["std_after"] == pytest.approx(float(deviation(tuned).mean()), abs=1e-6)
    spreads = {row["name"]: row["spread"] for row in names["classes"]}
    for i, name in enumerate(content["classes"]):
        assert spreads[name] == pytest.approx(float(np.sqrt(tuned[:, i].var(axis=0).sum())), abs=1e-5)
    assert max(row["shift"] for row in names["classes"]) > 1e-4
    table = module.sets["test"]
    assert content["videos"] == [table.key(row) for row in (0, round((n - 1) / 2), n - 1)]
    assert np.shape(names["points"]["tuned"]) == (3, 4, 2)
    (picture,) = read_pictures(tmp_path)
    assert Path(picture.files["picture"]).name == "texts_pca.png"
    assert metrics == draw(tmp_path / "without", module, tuning())


@pytest.mark.slow
def test_names_and_class_text_are_shown_apart(tmp_path: Path, video_tree: Path) -> None:
    both = PromptTuning(
        method="DTS-TPT", texts=["names", "class_text"], consistency="hybrid", learning_rate=0.1, confident_share=0.5
    )
    draw(tmp_path, small_data(video_tree, n_further_views=3), TunedTextMap(), both)
    content = numbers(tmp_path, "test", "texts_pca")
    assert list(content["texts"]) == ["names", "class_text"]
    first, second = (content["texts"][name]["std_before"] for name in content["texts"])
    assert first != pytest.approx(second, abs=1e-6)


@pytest.mark.slow
def test_sums_and_videos_of_all_processes_are_merged(
    tmp_path: Path, video_tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other process has tuned the same videos: twice as many, with the same mean."""
    monkeypatch.setattr(tuned_text_map, "gather_from_all", _twice)
    draw(tmp_path, small_data(video_tree, n_further_views=2), TunedTextMap(n_videos=2), tuning())
    (merged,) = numbers(tmp_path, "test", "texts_pca")["texts"].values()
    monkeypatch.undo()
    draw(tmp_path / "one", small_data(video_tree, n_further_views=2), TunedTextMap(n_videos=2), tuning())
    (alone,) = numbers(tmp_path / "one", "test", "texts_pca")["texts"].values()
    assert merged["n_videos"] == 2 * alone["n_videos"]
    assert merged["std_after"] == pytest.approx(alone["std_after"], abs=1e-6)
    assert merged["points"] == alone["points"]


def _twice(value: object, trainer: Trainer) -> list[object]:
    return [value, deepcopy(value)]


def test_where_the_scorer_reads_tokens_a_class_is_the_embedding_of_its_prompt(tmp_path: Path, video_tree: Path) -> None:
    """BIKE's concept spotting: rows of all tokens are tuned, and what is mapped are their ends."""
    torch.manual_seed(0)
    model = BIKE(backbone=TrainedClipSettings("tiny-clip", "random")).eval()
    with torch.no_grad():
        model.backbone.clip.token_embedding.weight.mul_(20)
    draw(tmp_path, small_data(video_tree, n_further_views=2), TunedTextMap(n_videos=100), tuning(), model=model)
    content = numbers(tmp_path, "test", "texts_pca")
    prompts = [f"a photo of a {name}." for name in content["classes"]]
    before = class_points(model.embed_text(model.backbone.tokenize(prompts))[:, None].detach().numpy())
    assert content["texts"]["names"]["std_before"] == pytest.approx(float(deviation(before)), abs=1e-5)
    assert content["texts"]["names"]["std_after"] != pytest.approx(float(deviation(before)), abs=1e-5)


def test_undecodable_videos_are_left_out(tmp_path: Path, video_tree: Path) -> None:
    (video_tree / "red dance" / "1.mp4").write_bytes(b"broken")
    module = small_data(video_tree, n_further_views=2)
    draw(tmp_path, module, TunedTextMap(n_videos=100), tuning())
    content = numbers(tmp_path, "test", "texts_pca")
    assert content["texts"]["names"]["n_videos"] == len(content["videos"]) == len(module.sets["test"]) - 1
    assert "red dance/1.mp4" not in content["videos"]


def test_a_test_that_tunes_nothing_is_an_error_with_the_fragments_that_do(tmp_path: Path, video_tree: Path) -> None:
    model = tiny_model()
    with pytest.raises(ValueError, match="the test tunes no prompts; append --config adaptation/tpt, dts_tpt or zar"):
        draw(tmp_path, small_data(video_tree), TunedTextMap(), model=model)
    assert model.adaptation is None


def test_a_number_of_videos_below_one_is_an_error() -> None:
    with pytest.raises(ValueError, match="n_videos must be at least 1; got 0"):
        TunedTextMap(n_videos=0)
