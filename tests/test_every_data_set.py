"""Every data set, in its official format, through `zsar fit` and `zsar test` for every protocol that it has.

A new data set is tested by being there: it needs a miniature (tests/makers/miniatures/every_data_set.py).
"""

import csv
import json
from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from tests.makers import miniatures as miniature
from tests.makers.files.shards import pack
from tests.makers.miniatures import Truth, write_label_csv, write_vifi_list
from tests.makers.miniatures.every_data_set import MINIATURES, OF_FOLDS, UNTRIMMED_MINIATURES, options
from zsar.datamodules import data_sets
from zsar.datamodules.class_text.vocabulary import exact_names
from zsar.datamodules.diagnosis.diagnosis import are_there
from zsar.datamodules.lists.localization_splits import ClassSplit
from zsar.datamodules.settings import Clips
from zsar.datamodules.video import TrimmedVideoDataModule
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """T2L on an untrained tiny CLIP that reads the longest class names of Something-Something."""
    folder = tmp_path_factory.mktemp("model")
    architecture = json.loads(
        (ROOT / "lightning_modules/open_clip_towers/weights/architectures/tiny-clip.json").read_text()
    )
    architecture["text_cfg"]["context_length"] = 48
    path = folder / "tiny-clip-48.json"
    path.write_text(json.dumps(architecture))
    torch.save(OpenClipBackbone(str(path), "random").clip.state_dict(), folder / "tiny.pt")
    return {"backbone": {"architecture": str(path), "weights": str(folder / "tiny.pt")}, "n_frames": 2}


@pytest.fixture
def run(tmp_path: Path, model: dict[str, Any]) -> Run:
    """Runs `zsar COMMAND` on a data set and returns what results.json says, or nothing after training."""

    def runs(command: str, data_set: str, *arguments: str) -> dict[str, Any]:
        assert main([command, "--config", str(written(tmp_path, data_set, model)), *arguments]) == 0
        results = tmp_path / "run" / "results.json"
        return json.loads(results.read_text()) if command == "test" else {}

    return runs


def written(root: Path, data_set: str, model: dict[str, Any]) -> Path:
    """An experiment on a data set below a data root, whose run is there too."""
    data = {
        "data_root": str(root),
        "clips": {"n_frames": 2, "image_size": 32, "augmentation": {"flip": 0.0}},
        "split": {"held_out_fraction": 0.34},
        "text": {"templates": "name"},
        "loading": {"batch_size": 8, "n_workers": 0},
    }
    config = {
        "run_dir": str(root / "run"),
        "model": {"class_path": "T2L", "init_args": model},
        "data": {"class_path": data_set, "init_args": data},
        "trainer": {"accelerator": "cpu", "max_epochs": 1, "enable_progress_bar": False},
    }
    path = root / "experiment.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


CLASSES = {name: getattr(data_sets, name) for name in data_sets.__all__}
TRIMMED = [name for name, class_ in CLASSES.items() if issubclass(class_, TrimmedVideoDataModule)]
UNTRIMMED = [name for name in CLASSES if name not in TRIMMED]
TRAINED = [name for name in TRIMMED if not CLASSES[name].for_testing_only]
FOLDS = [(name, fold) for name in TRIMMED for fold in range(1, CLASSES[name].n_folds + 1)]


@pytest.mark.parametrize("data_set", CLASSES)
def test_every_data_set_has_a_miniature(data_set: str) -> None:
    assert (data_set in MINIATURES) != (data_set in UNTRIMMED_MINIATURES), "add it to one of them"


def fitted(run: Run, data_set: str, root: Path, *arguments: str) -> list[str]:
    """Trains on a data set that is there, and returns the options of its test."""
    of = MINIATURES[data_set]
    keeps = ["--checkpoint.monitor=null", "--data.split.held_out_fraction=0"] if of.keeps_last else []
    run("fit", data_set, *of.options, *arguments, *keeps)
    name = "last" if of.keeps_last else "best"
    return [*of.options, *arguments, "--ckpt_path", str(root / "run" / "checkpoints" / f"{name}.ckpt")]


def seen(data_set: str, root: Path, **settings: Any) -> dict[str, Any]:
    """What a data set reads for a test: keys, labels, whether files are there, the first frames, what results say."""
    module = CLASSES[data_set](data_root=root, **settings)
    module.setup("test")
    if data_set in UNTRIMMED:
        frames = module.frames_at(0, [0.0], image_size=32)
        return {"videos": module.videos, "frames": frames.tolist(), "described": module.describe()}
    tables = {
        name: (table.all_keys(), table.all_files(), table.labels.tolist(), are_there(table).tolist())
        for name, table in module.sets.items()
    }
    frames = {name: module.evaluation_clips(name)[0].frames.tolist() for name in module.sets}
    return {"tables": tables, "frames": frames, "described": module.describe()}


def test_every_data_set_reads_the_same_from_shards(tmp_path: Path) -> None:
    """All but those that zsar renders: where their videos are missing, they are rendered."""
    kinds = (data_sets.MovingShapes, data_sets.UntrimmedShapes)
    made = {**{name: of.make for name, of in MINIATURES.items()}, **UNTRIMMED_MINIATURES}
    for data_set in [name for name in made if not issubclass(getattr(data_sets, name), kinds)]:
        root = tmp_path / data_set
        given = made[data_set](root)
        of = MINIATURES[data_set].options if data_set in MINIATURES else given
        settings = settings_of(of)
        if data_set in TRIMMED:
            settings["clips"] = Clips(n_frames=2, image_size=32)
        before = seen(data_set, root, **settings)
        assert pack(root), data_set
        assert seen(data_set, root, **settings) == before, data_set


def settings_of(given: Any) -> dict[str, Any]:
    """Options as arguments of a data set."""
    named = dict(option.removeprefix("--data.").split("=", 1) for option in given)
    settings = {name: yaml.safe_load(value) for name, value in named.items()}
    lists = settings.pop("split.lists", None)
    return settings if lists is None else {**settings, "split": ClassSplit(lists=lists)}


@pytest.mark.parametrize("data_set", TRAINED)
def test_fully_supervised(data_set: str, run: Run, tmp_path: Path) -> None:
    MINIATURES[data_set].make(tmp_path)
    results = run("test", data_set, *fitted(run, data_set, tmp_path, "--data.split.protocol=all_classes"))
    assert set(results["sets"]) == {"test"}
    assert results["sets"]["test"]["n_evaluated"] == results["sets"]["test"]["n_listed"] > 0
    assert results["data"]["data_set"] == results["model"]["trained_on"]["data_set"]


@pytest.mark.parametrize("data_set", TRAINED)
def test_few_shot(data_set: str, run: Run, tmp_path: Path) -> None:
    truth = MINIATURES[data_set].make(tmp_path)
    few = options(split__shots=1, split__protocol="all_classes")
    results = run("test", data_set, *fitted(run, data_set, tmp_path, *few))
    trained_on = results["model"]["trained_on"]
    n_classes = results["class_text"]["test"]["n_classes"]
    assert trained_on["shots"] == 1
    assert 0 < trained_on["n_listed"]["train"] <= n_classes
    if isinstance(truth, Truth):
        assert trained_on["n_listed"]["train"] == len(truth.class_names)


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


@pytest.mark.parametrize("data_set", TRAINED)
def test_base_to_novel(data_set: str, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    of = MINIATURES[data_set]
    truth = of.make(tmp_path)
    lists = base_and_novel_lists(tmp_path, truth, of.tested) if isinstance(truth, Truth) else []
    protocol = options(split__protocol="base_to_novel", split__shots=1)
    of_test = fitted(run, data_set, tmp_path, *protocol, *lists)
    capsys.readouterr()
    results = run("test", data_set, *of_test)
    table = capsys.readouterr().out
    assert all(row in table for row in ("base", "novel", "harmonic mean"))
    assert set(results["sets"]) == {"base", "novel"}
    assert results["harmonic_mean"] is not None
    assert all(results["sets"][name]["n_evaluated"] > 0 for name in ("base", "novel"))


def test_base_to_novel_by_the_rule_on_all_classes(run: Run, tmp_path: Path) -> None:
    miniature.make_ucf101(tmp_path, exact_names("ucf101"))
    protocol = options(split__protocol="base_to_novel", split__shots=1)
    results = run("test", "UCF101", *fitted(run, "UCF101", tmp_path, *protocol))
    assert {name: text["n_classes"] for name, text in results["class_text"].items()} == {"base": 51, "novel": 50}


@pytest.fixture(scope="module")
def trained_elsewhere(tmp_path_factory: pytest.TempPathFactory, model: dict[str, Any]) -> Path:
    """A model that was trained on Kinetics-400."""
    root = tmp_path_factory.mktemp("kinetics400")
    miniature.make_kinetics400(root)
    assert main(["fit", "--config", str(written(root, "Kinetics400", model))]) == 0
    return root / "run" / "checkpoints" / "best.ckpt"


@pytest.mark.parametrize(("data_set", "fold"), FOLDS)
def test_zero_shot_and_distribution_shift_from_kinetics_400(
    data_set: str, fold: int, run: Run, tmp_path: Path, trained_elsewhere: Path
) -> None:
    of = MINIATURES[data_set]
    truth = OF_FOLDS[data_set](tmp_path, fold) if data_set in OF_FOLDS else of.make(tmp_path)
    protocol = options(split__fold=fold, split__protocol=of.protocol)
    results = run("test", data_set, *of.options, *of.zero_shot, *protocol, "--ckpt_path", str(trained_elsewhere))
    assert results["sets"]
    for name, of_set in results["sets"].items():
        assert of_set["n_evaluated"] == of_set["n_listed"] > 0
        tested = videos_in(tmp_path / "run" / f"predictions_{name}.csv")
        if isinstance(truth, Truth) and not truth.instances and not of.zero_shot:
            assert tested == {
                stem for stem, _ in truth.clips[of.tested, fold if (of.tested, fold) in truth.clips else 1]
            }
    assert results["model"]["trained_on"]["data_set"] == "kinetics400"
    assert results["data"]["class_path"] == f"zsar.datamodules.data_sets.{data_set}"


def videos_in(table: Path) -> set[str]:
    """The stems of the videos that predictions are of."""
    with table.open(newline="", encoding="utf-8") as file:
        return {Path(row["path"]).stem for row in csv.DictReader(file)}


DRAWN = [name for name in UNTRIMMED if "split" in signature(CLASSES[name]).parameters]
DRAWS = [("50_50", 3, 1), ("75_25", 0, 1), ("75_25", "all", 10), ("all_classes", 0, 1)]


@pytest.mark.parametrize(("share", "number", "n_sets"), DRAWS)
@pytest.mark.parametrize("data_set", DRAWN)
def test_localization_draws(
    data_set: str, share: str, number: int | str, n_sets: int, localize: Run, tmp_path: Path
) -> None:
    of_data = [
        option for option in UNTRIMMED_MINIATURES[data_set](tmp_path) if share != "all_classes" or "lists" not in option
    ]
    results = localize(data_set, *of_data, *options(split__name=share, split__number=number))
    assert len(results["sets"]) == n_sets
    assert results["complete"]
    assert results["data"]["class_path"] == f"zsar.datamodules.data_sets.{data_set}"


@pytest.mark.parametrize("data_set", [name for name in UNTRIMMED if name not in DRAWN])
def test_localization_without_draws(data_set: str, localize: Run, tmp_path: Path) -> None:
    results = localize(data_set, *UNTRIMMED_MINIATURES[data_set](tmp_path))
    assert len(results["sets"]) == 1
    assert results["complete"]


@pytest.fixture
def localize(tmp_path: Path, model: dict[str, Any]) -> Run:
    """Runs `zsar test` of a frame-wise localizer on a data set and returns what results.json says."""

    def runs(data_set: str, *arguments: str) -> dict[str, Any]:
        localizer = {"class_path": "FrameWiseCLIP", "init_args": {"backbone": model["backbone"]}}
        data = {"class_path": data_set, "init_args": {"data_root": str(tmp_path)}}
        trainer = {"accelerator": "cpu", "enable_progress_bar": False}
        config = {"run_dir": str(tmp_path / "run"), "model": localizer, "data": data, "trainer": trainer}
        (tmp_path / "localization.yaml").write_text(yaml.safe_dump(config))
        assert main(["test", "--config", str(tmp_path / "localization.yaml"), *arguments]) == 0
        results: dict[str, Any] = json.loads((tmp_path / "run" / "results.json").read_text())
        return results

    return runs
