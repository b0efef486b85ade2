import json
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import yaml
from lightning.pytorch import Trainer

from tests.makers.models.text_towers import text_backbone
from tests.makers.models.tiny_tokenizers import tokenizer_folder
from tests.makers.results.recognition_results import adaptation, record
from zsar.datamodules.class_text.templates import fill_templates
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.recognition.scoring import Scoring
from zsar.lightning_modules.run_folders.run_record import flat_record, kind_of_text, run_record, text_change


def structure(content: object) -> object:
    """Names at every level, without values."""
    return {key: structure(value) for key, value in content.items()} if isinstance(content, dict) else None


def structure_of_record(content: dict[str, Any]) -> dict[str, Any]:
    """That of a record, with the class text of all sets as one."""
    texts = [structure(text) for text in content["class_text"].values()]
    assert all(text == texts[0] for text in texts)
    return {**{key: structure(value) for key, value in content.items()}, "class_text": texts[0]}


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("templates: photo", "template"),
        ("descriptions: a.json after 'a {}.'", "description"),
        ("explanations: b.json", "explanation"),
        ("action prompts: c.json", "action_prompts"),
        ("action prompts: c.json (Scene, Actor) after 'a {}.'", "action_prompts"),
        ("customized texts: d.json", "customized"),
        ("direct texts: e.json", "direct"),
        ("names", "names"),
    ],
)
def test_the_kind_of_a_class_text_is_told_by_its_source(source: str, kind: str) -> None:
    assert kind_of_text(source) == kind


def test_the_tokenizer_is_recorded_where_text_is_read_and_tells_rows_apart(tmp_path: Path) -> None:
    texts = {"test": [fill_templates("test", ["run", "jump"], "a {}")]}
    trainer = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, enable_checkpointing=False)

    def recorded(backbone: object, texts: dict[str, Any]) -> dict[str, Any]:
        model: Any = SimpleNamespace(class_texts=texts, backbone=backbone)
        return run_record(model, trainer, stage="test", data={})

    own = text_backbone(tmp_path, "siglip")
    other = OpenClipBackbone(own.architecture, "random", tokenizer=str(tokenizer_folder(tmp_path, "mt5")))
    hashes = [recorded(each, texts)["tokenizer"] for each in (own, other)]
    assert hashes == [own.text.tokenizer_hash, other.text.tokenizer_hash]
    first, second = (flat_record(recorded(each, texts)) for each in (own, other))
    assert {name for name in first if first[name] != second[name]} == {"tokenizer"}
    gone = OpenClipBackbone(own.architecture, "random", tokenizer=str(tmp_path / "gone"))
    assert recorded(gone, {})["tokenizer"] is None  # no text, no tokenizer
    assert recorded(OpenClipBackbone("tiny-clip", "random"), texts)["tokenizer"] is None  # CLIP's own


def test_what_changes_the_answers_of_one_model_tells_its_rows_apart() -> None:
    trainer = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, enable_checkpointing=False)

    def recorded(*, variant: str = "", scale: str = "trained", **scoring: Any) -> dict[str, str]:
        model: Any = SimpleNamespace(
            class_texts={}, scoring=Scoring(**scoring), frame_variant=variant, test_scale=scale
        )
        return flat_record(run_record(model, trainer, stage="test", data={}))

    usual = recorded()
    changed = [recorded(scorer="frame_voting"), recorded(view_ensemble="logit_sum"), recorded(variant="video_head")]
    changed.append(recorded(scale="none"))
    assert len({tuple(sorted(each.items())) for each in [usual, *changed]}) == 5
    assert not {"view_ensemble", "frame_variant", "test_scale"} & usual.keys()  # as in records of before


def test_a_flat_record_has_dotted_names_and_each_value_of_several_sets_once() -> None:
    assert flat_record(None) == {}
    own = record("templates: photo", training=True, class_text__templates=["a photo of a {}."])
    own["class_text"]["novel"] = {**own["class_text"]["train"], "prompts_per_class": 2}
    flat = flat_record(own)
    assert (flat["class_text.kind"], flat["class_text.prompts_per_class"]) == ("template", "1, 2")
    assert (flat["trainer.batch_in_total"], flat["precision"]) == ("70", "bf16-mixed")
    assert (flat["start_from.trained_on"], flat["start_from.weights_hash"]) == ("None", "None")
    assert flat["model.optimization.learning_rate"] == "5e-05"
    assert not {"seed", "trainer.epochs_done", "class_text.hash"} & set(flat)


def test_a_mean_of_epochs_and_a_single_one_are_never_called_the_same() -> None:
    """Nor two means; and their records have the same leaves, so that they are compared one by one."""
    mean = {"first_epoch": 2, "last_epoch": 22, "weighting": "uniform", "mu": None, "sigma": None}
    records = [{"class_text": {}, "mean_of_epochs": of} for of in (None, mean, {**mean, "last_epoch": 21})]
    flat = [flat_record(record) for record in records]
    assert flat[0].keys() == flat[1].keys()
    assert all(first != second for first, second in combinations(flat, 2))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"class_text__source": "descriptions: other.json", "class_text__hash": "other"}, None),
        (
            {"class_text__prompts_per_class": 3},
            "trained with description (1 prompt a class), tested with description (",
        ),
        ({"class_text__templates": ["{}."]}, "tested with description (1 prompt a class: '{}.')"),
        ({"class_text__kind": "template"}, "trained with description (1 prompt a class), tested with template (1"),
    ],
)
def test_another_kind_of_text_is_told_from_texts_of_other_classes(changes: dict[str, Any], said: str | None) -> None:
    found = text_change(record(training=True), record(**changes))
    assert found is None if said is None else said in str(found)


def test_an_adaptation_that_reads_names_does_not_read_the_class_text_of_the_test() -> None:
    trained, tested = record("templates: name", training=True), record("templates: name")
    assert text_change(trained, tested, adaptation(texts=["class_text"])) is None
    named = text_change(trained, tested, adaptation(texts=["names"], phrase="a video of a"))
    assert named == (
        "trained with template (1 prompt a class), tested with names (1 prompt a class) besides the phrase "
        "'a video of a', which is tuned"
    )
    both = text_change(trained, tested, adaptation(texts=["names", "class_text"], phrase=None))
    assert str(both).endswith("tested with names (1 prompt a class) and template (1 prompt a class)")


def test_checkpoint_and_results_record_training_and_test(
    tmp_path: Path, experiment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ("--data.test", str(tmp_path / "videos"))
    trainer = ("--trainer.accumulate_grad_batches", "2", "--checkpoint.monitor", "null")
    assert main(["fit", "--config", str(experiment), *data, *trainer, "--data.text.templates", "photo"]) == 0
    last = tmp_path / "run" / "checkpoints" / "last.ckpt"
    about = torch.load(last, weights_only=True)["zsar"]
    training = about["training"]
    whole = record(training=True)
    for key in ("model", "clips"):  # of which the names are the model's and the data's own
        whole[key] = training[key]
    assert structure_of_record(training) == structure_of_record(whole)
    assert training["model"]["optimization"]["learning_rate"] == about["init_args"]["optimization"]["learning_rate"]
    assert (training["clips"]["train_sampling"], "flip" in training["clips"]["augmentation"]) == ("random", True)
    assert training["best_by"] is None
    assert training["trainer"] == {
        **{"accelerator": "cpu", "devices": 1, "nodes": 1, "n_processes": 1, "batch_per_process": 4},
        **{"accumulation": 2, "batch_in_total": 8, "max_epochs": 2, "max_steps": None, "epochs_done": 2.0},
        "gradient_clip": None,
    }
    assert training["class_text"]["train"]["templates"] == ["a photo of a {}."]
    assert (training["precision"], training["seed"], training["start_from"]) == ("32-true", 3, None)
    capsys.readouterr()
    assert main(["test", "--config", str(experiment), *data, "--ckpt_path", str(last)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "trained with template (1 prompt a class: 'a photo of a {}.'), tested with template (2 prompts" in printed
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["training"] == training
    assert structure_of_record(results["test"]) == structure_of_record(record())
    assert results["model"]["checkpoint_weights_hash"] == about["weights_hash"]


def test_a_checkpoint_of_before_is_tested_and_its_training_is_said_not_to_be_recorded(
    tmp_path: Path, experiment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ("--data.test", str(tmp_path / "videos"))
    assert main(["fit", "--config", str(experiment), *data, "--trainer.max_epochs", "1"]) == 0
    path = tmp_path / "run" / "checkpoints" / "best.ckpt"
    old = torch.load(path, weights_only=True)
    del old["zsar"]["training"], old["zsar"]["weights_hash"]
    torch.save(old, path)
    assert main(["test", "--config", str(experiment), *data, "--ckpt_path", str(path)]) == 0
    assert "class text of training: not recorded in the checkpoint" in " ".join(capsys.readouterr().out.split())
    assert json.loads((tmp_path / "run" / "results.json").read_text())["training"] is None


def test_the_start_of_a_training_is_recorded_by_its_weights(tmp_path: Path, experiment: Path) -> None:
    content = yaml.safe_load(experiment.read_text())
    own = {"backbone": content["model"]["init_args"]["backbone"]}
    content["model"] = {"class_path": "FineTunedCLIP", "init_args": own}
    experiment.write_text(yaml.safe_dump(content))
    first, second = tmp_path / "first", tmp_path / "second"
    one_epoch = ["fit", "--config", str(experiment), "--trainer.max_epochs", "1", "--run_dir"]
    assert main([*one_epoch, str(first)]) == 0
    start = first / "checkpoints" / "best.ckpt"
    assert main([*one_epoch, str(second), "--model.start_from", str(start)]) == 0
    begun = torch.load(start, weights_only=True)["zsar"]["weights_hash"]
    trained = torch.load(second / "checkpoints" / "best.ckpt", weights_only=True)["zsar"]
    expected = {"checkpoint": str(start), "weights_hash": begun, "trained_on": "video_folder"}
    assert trained["training"]["start_from"] == expected
    assert trained["weights_hash"] != begun


def test_epochs_that_are_done_are_of_the_batches_that_are_in_the_weights(tmp_path: Path, experiment: Path) -> None:
    own = ("--data.loading.batch_size", "2", "--trainer.accumulate_grad_batches", "3", "--trainer.max_epochs", "1")
    assert main(["fit", "--config", str(experiment), *own, "--trainer.val_check_interval", "4"]) == 0
    best = torch.load(tmp_path / "run" / "checkpoints" / "best.ckpt", weights_only=True)
    n_batches = best["loops"]["fit_loop"]["epoch_loop.batch_progress"]["current"]["completed"]
    done = best["zsar"]["training"]["trainer"]["epochs_done"]
    assert (n_batches % 3, best["global_step"]) == (0, n_batches // 3)
    assert 0 < done < 1
    assert round(n_batches / done) > 4


def test_an_incomplete_last_batch_that_is_dropped_is_recorded_and_not_trained_on(
    tmp_path: Path, experiment: Path
) -> None:
    steps = {}
    own = ["fit", "--config", str(experiment), "--data.split.held_out_fraction", "0", "--checkpoint.monitor", "null"]
    for drop in (False, True):
        run = tmp_path / f"drop_{drop}"
        options = ["--data.loading.batch_size", "7", "--data.loading.drop_incomplete", str(drop).lower()]
        assert main([*own, *options, "--checkpoint.filename", "last", "--run_dir", str(run)]) == 0
        last = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
        steps[drop] = last["global_step"]
        assert last["zsar"]["training"]["trainer"].get("drop_incomplete", False) is drop
        assert last["zsar"]["training"]["trainer"]["epochs_done"] == 2.0
    assert steps[False] == steps[True] + 2  # one in each of two epochs
