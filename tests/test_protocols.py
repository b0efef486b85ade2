"""Every data set, in its official format, through `zsar fit` and `zsar test` for every protocol that it is used in."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from tests.makers import miniatures as miniature
from tests.makers.miniatures import Truth, write_label_csv, write_vifi_list
from zsar.datamodules.class_text.vocabulary import exact_names
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """T2L on an untrained tiny CLIP that reads the longest class names of Something-Something."""
    folder = tmp_path_factory.mktemp("model")
    architecture = json.loads((ROOT / "lightning_modules/open_clip_towers/architectures/tiny-clip.json").read_text())
    architecture["text_cfg"]["context_length"] = 48
    path = folder / "tiny-clip-48.json"
    path.write_text(json.dumps(architecture))
    torch.save(OpenClipBackbone(str(path), "random").clip.state_dict(), folder / "tiny.pt")
    return {"backbone": {"architecture": str(path), "weights": str(folder / "tiny.pt")}, "n_frames": 2}


@pytest.fixture
def run(tmp_path: Path, model: dict[str, Any]) -> Run:
    """Runs `zsar COMMAND` on a data set and returns what results.json says, or nothing after training."""

    def runs(command: str, data_set: str, *arguments: str) -> dict[str, Any]:
        data = {
            "data_root": str(tmp_path),
            "clips": {"n_frames": 2, "image_size": 32, "augmentation": {"flip": 0.0}},
            "split": {"held_out_fraction": 0.34},
            "text": {"templates": "name"},
            "loading": {"batch_size": 8, "n_workers": 0},
        }
        config = {
            "run_dir": str(tmp_path / "run"),
            "model": {"class_path": "T2L", "init_args": model},
            "data": {"class_path": data_set, "init_args": data},
            "trainer": {"accelerator": "cpu", "max_epochs": 1, "enable_progress_bar": False},
        }
        (tmp_path / "experiment.yaml").write_text(yaml.safe_dump(config))
        assert main([command, "--config", str(tmp_path / "experiment.yaml"), *arguments]) == 0
        results = tmp_path / "run" / "results.json"
        return json.loads(results.read_text()) if command == "test" else {}

    return runs


def options(**settings: object) -> list[str]:
    return [f"--data.{name.replace('__', '.')}={value}" for name, value in settings.items()]


def best(root: Path) -> list[str]:
    return ["--ckpt_path", str(root / "run" / "checkpoints" / "best.ckpt")]


MAKERS: dict[str, Callable[[Path], Truth]] = {
    "UCF101": miniature.make_ucf101,
    "HMDB51": miniature.make_hmdb51,
    "Kinetics400": miniature.make_kinetics400,
    "Kinetics600": miniature.make_kinetics600,
    "SomethingSomethingV2": miniature.make_ssv2,
    "THUMOS14": miniature.make_thumos14,
}
TESTED = {"UCF101": "test", "HMDB51": "test", "SomethingSomethingV2": "validation", "Kinetics400": "val"}


@pytest.mark.parametrize("data_set", MAKERS)
def test_fully_supervised(data_set: str, run: Run, tmp_path: Path) -> None:
    MAKERS[data_set](tmp_path)
    run("fit", data_set)
    results = run("test", data_set, *best(tmp_path))
    assert set(results["sets"]) == {"test"}
    assert results["sets"]["test"]["n_evaluated"] == results["sets"]["test"]["n_listed"] > 0
    assert results["data"]["data_set"] == results["model"]["trained_on"]["data_set"]


def test_the_last_checkpoint_is_kept_where_nothing_can_be_held_out(run: Run, tmp_path: Path) -> None:
    miniature.make_activitynet(tmp_path)  # one training video a class
    run("fit", "ActivityNet", *options(split__held_out_fraction=0.0), "--checkpoint.monitor=null")
    results = run("test", "ActivityNet", "--ckpt_path", str(tmp_path / "run" / "checkpoints" / "last.ckpt"))
    assert results["model"]["trained_on"]["n_listed"] == {"train": 6, "val": 0}


@pytest.mark.parametrize("data_set", ["UCF101", "HMDB51", "SomethingSomethingV2"])
def test_few_shot(data_set: str, run: Run, tmp_path: Path) -> None:
    truth = MAKERS[data_set](tmp_path)
    run("fit", data_set, *options(split__shots=1))
    trained_on = run("test", data_set, *best(tmp_path))["model"]["trained_on"]
    assert trained_on["shots"] == 1
    assert trained_on["n_listed"] == {"train": len(truth.class_names), "val": len(truth.class_names)}


def base_and_novel_lists(root: Path, truth: Truth, subset: str) -> list[str]:
    """Lists as ViFi-CLIP's, of a few classes."""
    n_novel = len(truth.class_names) // 2
    for name, classes in (("novel", truth.class_names[:n_novel]), ("base", truth.class_names[n_novel:])):
        rows = sorted((stem, classes.index(c)) for stem, c in truth.clips[subset, 1] if c in classes)
        write_vifi_list(root / f"{name}.txt", rows)
        write_label_csv(root / f"{name}.csv", classes)
    return options(
        lists__base="base.txt",
        lists__novel="novel.txt",
        lists__base_classes="base.csv",
        lists__novel_classes="novel.csv",
    )


@pytest.mark.parametrize(("data_set", "subset"), TESTED.items())
def test_base_to_novel(
    data_set: str, subset: str, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lists = base_and_novel_lists(tmp_path, MAKERS[data_set](tmp_path), subset)
    protocol = options(split__protocol="base_to_novel", split__shots=1)
    run("fit", data_set, *protocol, *lists)
    capsys.readouterr()
    results = run("test", data_set, *protocol, *lists, *best(tmp_path))
    table = capsys.readouterr().out
    assert all(row in table for row in ("base", "novel", "harmonic mean"))
    assert set(results["sets"]) == {"base", "novel"}
    assert results["harmonic_mean"] is not None
    assert all(results["sets"][name]["n_evaluated"] > 0 for name in ("base", "novel"))


def test_base_to_novel_by_the_rule_on_all_classes(run: Run, tmp_path: Path) -> None:
    miniature.make_ucf101(tmp_path, exact_names("ucf101"))
    protocol = options(split__protocol="base_to_novel", split__shots=1)
    run("fit", "UCF101", *protocol)
    results = run("test", "UCF101", *protocol, *best(tmp_path))
    assert {name: text["n_classes"] for name, text in results["class_text"].items()} == {"base": 51, "novel": 50}


def zero_shot_cases() -> Sequence[tuple[str, list[str]]]:
    kinetics600 = options(classes="not_in_kinetics400", split__fold=2)
    shift = options(perturbation="gaussian_noise", severity=3)
    return [
        ("UCF101", options(split__fold=3)),
        ("HMDB51", options(split__fold=2)),
        ("Kinetics600", kinetics600),
        ("UCF101DS", []),
        ("UCF101P", shift),
        ("HMDB51P", shift),
        ("UCF101O", []),
        ("THUMOS14", []),
        ("ActivityNet", options(units="instances")),
    ]


def test_zero_shot_and_distribution_shift_from_kinetics_400(run: Run, tmp_path: Path) -> None:
    miniature.make_kinetics400(tmp_path)
    run("fit", "Kinetics400")
    ucf101, hmdb51 = miniature.make_ucf101(tmp_path), miniature.make_hmdb51(tmp_path)
    for make in (miniature.make_kinetics600, miniature.make_ucf101_ds, miniature.make_thumos14):
        make(tmp_path)
    miniature.make_activitynet(tmp_path)
    miniature.make_perturbed(tmp_path, ucf101)
    miniature.make_perturbed(tmp_path, hmdb51)
    miniature.make_occluded(tmp_path, ucf101)
    for data_set, arguments in zero_shot_cases():
        results = run("test", data_set, *arguments, *best(tmp_path), "--overwrite")
        of_test = results["sets"]["test"]
        assert of_test["n_evaluated"] == of_test["n_listed"] > 0, data_set
        assert results["model"]["trained_on"]["data_set"] == "kinetics400"
        assert results["data"]["data_set"] == data_set.lower().replace("101", "101_").replace("51p", "51_p").rstrip("_")
