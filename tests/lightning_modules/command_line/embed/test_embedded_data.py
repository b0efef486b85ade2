from pathlib import Path

import pytest
import yaml

from zsar.lightning_modules.command_line.embed.embedded_data import stated_data, stated_frozen_model


def test_the_sets_of_the_test_are_embedded(experiment: Path) -> None:
    data = stated_data(["--config", str(experiment), "--data.split.protocol=base_to_novel"], "test")
    assert [len(clips) > 0 for clips in data.clips()] == [True, True]


def test_a_trained_model_needs_its_checkpoint(experiment: Path) -> None:
    with pytest.raises(ValueError, match="model is T2L, which is trained; give --checkpoint FILE"):
        stated_frozen_model(["--config", str(experiment)])


def test_the_frozen_model_of_an_experiment_is_built(tmp_path: Path, tiny_weights: Path) -> None:
    backbone = {"architecture": "tiny-clip", "weights": str(tiny_weights)}
    model = {"class_path": "ZeroShotCLIP", "init_args": {"backbone": backbone}}
    (tmp_path / "a.yaml").write_text(yaml.safe_dump({"model": model, "data": {"class_path": "UCF101"}}))
    built = stated_frozen_model(["--config", str(tmp_path / "a.yaml")])
    assert built is not None
    assert built.backbone.architecture == "tiny-clip"


def test_without_an_experiment_there_is_no_model() -> None:
    assert stated_frozen_model(["--data", "UCF101"]) is None


def test_embeddings_are_not_made_of_embeddings(experiment: Path) -> None:
    with pytest.raises(ValueError, match="leave it out to embed videos"):
        stated_data(["--config", str(experiment), "--data.embeddings=x"], "test")
