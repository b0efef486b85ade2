"""The configurations of localization are instantiated and say what the paper reports; the rendered ones are run."""

import json
import re
import shlex
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from tests.makers.configs.parsing import configured
from tests.makers.configs.shipped import CONFIGS, LOCALIZATIONS, LOCALIZERS, UNTRIMMED, name
from zsar.datamodules.data_sets.untrimmed.untrimmed_shapes import UntrimmedShapes
from zsar.datamodules.untrimmed_video import UntrimmedVideoDataModule
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.command_line.extract.extract_options import COMMAND
from zsar.lightning_modules.command_line.extract.requested_extractions import caption_stride
from zsar.lightning_modules.command_line.summarize.published.published_figures import load_published_figures
from zsar.lightning_modules.experiments.experiment_files import read_experiment
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone

PUBLISHED = [path for path in LOCALIZATIONS if not path.stem.startswith("untrimmed_shapes")]
THRESHOLDS = {
    "thumos14_untrimmed": [0.3, 0.4, 0.5, 0.6, 0.7],
    "activitynet_untrimmed": [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95],
    "untrimmed_shapes": [0.3, 0.4, 0.5, 0.6, 0.7],
}
# The beginning of an experiment's name -> the paper's method and architecture.
ROWS = {
    "frame_wise_vit_b_32": ("FrameWiseCLIP", "ViT-B-32"),
    "frame_wise_vit_b_16": ("FrameWiseCLIP", "ViT-B-16"),
    "frame_wise_coca_vit_l_14": ("FrameWiseCLIP", "coca_ViT-L-14"),
    "t3al": ("T3AL", "coca_ViT-L-14"),
    "t3al_authors": ("T3AL", "coca_ViT-L-14"),  # another reading of the same row
    "t3al_t0": ("T3AL (T = 0)", "coca_ViT-L-14"),
    "t3al_without_suppression": ("T3AL (without suppression)", "coca_ViT-L-14"),
    "t3al_loss_binary_cross_entropy": ("T3AL (binary cross entropy)", "coca_ViT-L-14"),
    "t3al_loss_separation": ("T3AL (separation loss only)", "coca_ViT-L-14"),
    "t3al_loss_representation": ("T3AL (representation loss only)", "coca_ViT-L-14"),
    "t3al_oracle_class": ("T3AL (oracle: class)", "coca_ViT-L-14"),
    "t3al_oracle_count": ("T3AL (oracle: region count)", "coca_ViT-L-14"),
    "t3al_oracle_selection": ("T3AL (oracle: selection)", "coca_ViT-L-14"),
    "t3al_oracle_all": ("T3AL (oracle: all three)", "coca_ViT-L-14"),
    "freezad": ("FreeZAD", "coca_ViT-L-14"),
    "llt": ("LLT (T = 0)", "coca_ViT-L-14"),  # in two passes
}
FIGURES = load_published_figures()
# An untrained CoCa finds many segments, each of which is captioned, by long nonsense that its text tower may not take.
FEW_SHORT_CAPTIONS = {
    "model.tuning.window_frames": 60,
    "model.suppression": {"seconds": 8.0, "generation": {"n_tokens": 7}},
}
# Of the rendered benchmark: what makes an experiment short, and whether anything is adapted.
RENDERED: list[tuple[str, dict[str, Any], bool]] = [
    ("frame_wise", {}, False),
    ("t0", {}, False),
    ("llt", {}, False),
    ("t3al_without_suppression", {}, True),
    ("t3al", FEW_SHORT_CAPTIONS, True),
    ("oracle_class", FEW_SHORT_CAPTIONS, True),
    ("oracle_count", {}, True),
    ("oracle_selection", FEW_SHORT_CAPTIONS, True),
    ("oracle_all", {}, True),
]


def comment_of(path: Path) -> str:
    lines = path.read_text().splitlines()
    comment = lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]
    return "\n".join(line.removeprefix("#").removeprefix(" ") for line in comment)


@pytest.mark.parametrize("path", LOCALIZATIONS, ids=name)
def test_an_experiment_of_localization_can_be_instantiated(path: Path, parse: Any) -> None:
    cli = parse("--config", str(path), subcommand="test")
    assert isinstance(cli.model, ActionLocalizer)
    assert isinstance(cli.datamodule, UntrimmedVideoDataModule)
    assert list(cli.model.iou_thresholds) == THRESHOLDS[cli.datamodule.data_set]
    assert cli.datamodule.split.number == "all"
    assert str(cli.datamodule.stride) == "1 frame"
    assert cli.config["test"]["trainer"]["precision"] == "32-true"
    assert cli.config["test"]["run_dir"].replace("/", "_") == f"runs_{path.stem}"
    content = _content(path)
    assert isinstance(content["seed_everything"], int)
    for key, value in content.items():
        if "." in key:  # a stated difference has taken effect
            assert configured(cli, key) == value


@pytest.mark.parametrize(("path", "data"), zip(LOCALIZERS, cycle(UNTRIMMED), strict=False), ids=str)
def test_a_localizer_can_be_instantiated(path: Path, data: Path, parse: Any) -> None:
    cli = parse("--model", str(path), "--data", str(data), subcommand="test")
    assert type(cli.model).__name__ == _content(path)["class_path"].split(".")[-1]
    assert type(cli.datamodule).__name__ == _content(data)["class_path"].split(".")[-1]


@pytest.mark.parametrize("path", PUBLISHED, ids=name)
def test_an_experiment_says_how_to_make_the_features_that_it_reads(path: Path) -> None:
    (command,) = re.findall(r"zsar extract ((?:.*\\\n)*.*)", comment_of(path))
    options = COMMAND.parse(shlex.split(command.replace("\\\n", "")))
    model, data = (_settings(path, section) for section in ("model", "data"))
    loading = data["loading"]
    assert (options.model.architecture, options.model.weights) == (
        model["backbone"]["architecture"],
        model["backbone"]["weights"],
    )
    assert (str(options.output), options.stride.stride or 1) == (
        f"$ZSAR_DATA/{loading['features']}",
        loading["stride"]["frames"],
    )
    assert data["needs_files"] is False
    # Captions are made, and read, where the model has a use for them.
    needs_captions = model.get("suppression") is not None
    assert options.captions.captions == needs_captions
    assert not needs_captions or (str(caption_stride(options.captions)), model["suppression"]["seconds"]) == (
        "1 frame",
        None,
    )
    assert loading.get("captions") == (loading["features"] if needs_captions else None)


@pytest.mark.parametrize("path", PUBLISHED, ids=name)
def test_an_experiment_says_what_the_paper_reports_of_it(path: Path) -> None:
    data_set, split = Path(_content(path)["data"]).stem, _content(path)["data.split.name"]
    method, architecture = _row_of(path, data_set, split)
    row = {
        figure.set: figure
        for figure in FIGURES
        if (figure.tested_on, figure.split, figure.full_method) == (data_set, split, method)
        and figure.architecture == architecture
    }
    mean = row.get("paper_mean") or row["map"]
    of = "0.3 to 0.7" if data_set == "thumos14_untrimmed" else "0.5, 0.75 and 0.95"
    at = " ".join(f"{figure.value:.1f}" for set_name, figure in row.items() if set_name.startswith("map_"))
    where = mean.table.replace("Section 5.2", "section 5.2, Figure 4")
    expected = f"({mean.paper}, {where}): mAP {mean.value:.1f}, the mean of IoU {of}" + (f" ({at})." if at else ".")
    assert expected in comment_of(path).replace("\n", " ")
    assert _settings(path, "model")["backbone"]["architecture"].removesuffix("-quickgelu") == architecture


def test_the_experiments_are_all_that_the_paper_tests_without_training() -> None:
    tested = sorted(
        (data_set, split, *_row_of(path, data_set, split))
        for path in PUBLISHED
        if not path.stem.startswith("t3al_authors")
        for data_set, split in [(Path(_content(path)["data"]).stem, _content(path)["data.split.name"])]
    )
    rows = {
        (figure.tested_on, str(figure.split), figure.full_method, str(figure.architecture))
        for figure in FIGURES
        if figure.protocol == "localization" and figure.trained_on is None
    }
    assert tested == sorted(rows)
    assert len(tested) == 33


def test_the_authors_code_has_its_experiment_for_each_table() -> None:
    authors = [path for path in PUBLISHED if path.stem.startswith("t3al_authors")]
    assert len(authors) == 4
    for path in authors:
        published = path.with_stem(path.stem.replace("_authors", ""))
        ours, theirs = _content(path), _content(published)
        assert {key for key in ours if ours[key] != theirs[key]} == {"run_dir", "model"}
        assert _settings(path, "model")["tuning"]["similarity"] == "authors"


def _content(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text()))


def _settings(path: Path, section: str) -> dict[str, Any]:
    """Arguments of the model or the data of an experiment, differences and all."""
    found = read_experiment(path)[section]
    return dict((found if isinstance(found, dict) else _content(Path(found)))["init_args"])


def _row_of(path: Path, data_set: str, split: str) -> tuple[str, str]:
    """Method and architecture that the paper's row has, by the name of the experiment."""
    return ROWS[path.stem.removesuffix(f"_{data_set.removesuffix('_untrimmed')}_{split}")]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The differences that let an experiment on the rendered benchmark run here: an untrained CoCa and few videos."""
    root = tmp_path_factory.mktemp("rendered")
    torch.manual_seed(0)
    torch.save(OpenClipBackbone("tiny-coca", "random").clip.state_dict(), root / "tiny_coca.pt")
    UntrimmedShapes(n_videos=1, data_root=root).prepare_data()
    return {"model.backbone.weights": str(root / "tiny_coca.pt"), "data.data_root": str(root), "data.n_videos": 1}


def test_every_experiment_on_the_rendered_benchmark_is_run_here() -> None:
    assert {path.stem for path in LOCALIZATIONS} - {path.stem for path in PUBLISHED} == {
        f"untrimmed_shapes_{variant}" for variant, _, _ in RENDERED
    }


@pytest.mark.slow
@pytest.mark.parametrize(("variant", "shorter", "adapts"), RENDERED, ids=[variant for variant, _, _ in RENDERED])
def test_an_experiment_on_the_rendered_benchmark_runs(
    variant: str, shorter: dict[str, Any], adapts: bool, rendered: dict[str, Any], tmp_path: Path
) -> None:
    changes = tmp_path / "changes.yaml"
    changes.write_text(yaml.safe_dump({**rendered, **shorter}))
    experiment = CONFIGS / "experiment" / f"untrimmed_shapes_{variant}.yaml"
    run_dir = tmp_path / "run"
    assert main(["test", "--config", str(experiment), "--config", str(changes), "--run_dir", str(run_dir)]) == 0
    results = json.loads((run_dir / "results.json").read_text())
    assert list(results["sets"]) == [f"split_{number}" for number in range(10)]
    assert all(0 <= of_set[f"map_{at}"] <= 100 for of_set in results["sets"].values() for at in (0.3, 0.5, 0.7))
    assert (results["n_adaptations"] > 0) == adapts
    assert results["complete"]
