"""Every model on every family of towers: each command works, or is refused in one line that names the architecture."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
import yaml

from tests.makers.models.every_tower import TOWERS, WITHOUT_BLOCKS, tower, weights_of
from tests.makers.source_tree import ROOT
from tests.makers.videos.class_folders import CHANNELS, write_class_folders
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.command_line.model_kinds import classes_of
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.t2l import T2L
from zsar.runtime.class_paths import class_path

RECOGNIZERS, LOCALIZERS = classes_of(ActionRecognizer), classes_of(ActionLocalizer)
INSIDE = ("T2L", "T3AL", "OpenVCLIP", "FrameWiseCLIP")
"""Models that work inside the visual tower, or with features before its projection, and so need a ViT."""
SHORTER = {"T3AL": ["--model.suppression", "null", "--model.tuning.n_steps", "2"]}


def is_refused(model: str, family: str) -> bool:
    """Whether a model cannot work on towers of a family."""
    return model in INSIDE and family in WITHOUT_BLOCKS


@dataclass(frozen=True)
class Place:
    """A folder with videos of four classes, their annotations, and weights of the tower of a family."""

    folder: Path
    family: str
    architecture: str

    def arguments(self, model: type) -> list[str]:
        """What every command is given."""
        fragments = sorted((ROOT / "configs" / "model").glob("tiny_*.yaml"))
        own = [path for path in fragments if yaml.safe_load(path.read_text())["class_path"] == class_path(model)]
        if issubclass(model, ActionRecognizer):
            data = [
                *("--data", "data/video_folder", "--data.clips.image_size", "32", "--data.loading.batch_size", "4"),
                *("--data.split.held_out_fraction", "0.25", "--data.predict", "my_videos/red dance"),
                *("--data.loading.n_workers", "0", "--trainer.max_epochs", "1"),
            ]
        else:
            data = [
                *("--data", "data/untrimmed_files", "--data.videos", "my_videos/red dance"),
                *("--data.classes", "[red dance, blue dance]", "--data.annotations", "annotations.json"),
            ]
        return [
            *("--model", f"model/{own[0].stem}", *data),
            *("--model.backbone.architecture", self.architecture, "--model.backbone.weights", "weights.pt"),
            *("--run_dir", f"runs/{model.__name__}", "--trainer", "trainer/cpu"),
            *("--trainer.enable_progress_bar", "false", *SHORTER.get(model.__name__, [])),
        ]


@pytest.fixture(scope="module", params=TOWERS)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp(request.param)
    write_class_folders(folder / "data" / "my_videos")
    middle = [{"segment": [0.25, 1.0], "label": "red dance"}]
    annotations = {str(index): {"duration_second": 1.5, "annotations": middle} for index in range(5)}
    (folder / "data" / "annotations.json").write_text(json.dumps(annotations))
    architecture = tower(request.param, folder)
    weights_of(architecture, folder / "weights.pt")
    return Place(folder, request.param, architecture)


Run = Callable[..., bool]


@pytest.fixture
def works(place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command with a model; returns whether it worked, after a check that a refusal is one line by name."""
    monkeypatch.chdir(place.folder)

    def runs(model: type, *arguments: str) -> bool:
        capsys.readouterr()
        code = main(list(arguments))
        said = capsys.readouterr().err
        if is_refused(model.__name__, place.family):
            assert code == 1
            (error,) = [line for line in said.splitlines() if line.startswith("zsar: error") or "tower of" in line]
            assert f"the visual tower of {place.architecture} is" in error
            assert "take a ViT such as" in error
            return False
        assert code == 0, said
        return True

    return runs


@pytest.mark.slow
@pytest.mark.parametrize("model", RECOGNIZERS)
def test_every_command_of_a_recognizer_works_or_is_refused_by_name(model: type, works: Run, place: Place) -> None:
    arguments = place.arguments(model)
    checkpoint: list[str] = []
    if issubclass(model, ActionRecognizer) and model.is_trained:
        if not works(model, "fit", *arguments, "--overwrite"):
            return
        checkpoint = ["--ckpt_path", f"runs/{model.__name__}/checkpoints/best.ckpt"]
        assert works(
            model,
            "classify",
            "data/my_videos",
            "--classes",
            ",".join(CHANNELS),
            "--checkpoint",
            checkpoint[1],
            "--json",
        )
    for command in ("validate", "test", "predict"):
        assert works(model, command, *arguments, *checkpoint, "--overwrite")
    results = json.loads((place.folder / "runs" / model.__name__ / "results.json").read_text())
    assert all(of_set["n_evaluated"] > 0 for of_set in results["sets"].values())


@pytest.mark.slow
@pytest.mark.parametrize("model", LOCALIZERS)
def test_every_command_of_a_localizer_works_or_is_refused_by_name(model: type, works: Run, place: Place) -> None:
    if works(model, "test", *place.arguments(model), "--overwrite"):
        assert json.loads((place.folder / "runs" / model.__name__ / "results.json").read_text())["complete"]


def test_t2l_takes_a_step_on_every_vit_and_refuses_others_by_name(place: Place) -> None:
    """The product of all models and commands is slow; this one works inside both towers."""
    settings = TrainedClipSettings(place.architecture, str(place.folder / "weights.pt"))
    if place.family in WITHOUT_BLOCKS:
        with pytest.raises(
            BackboneError, match=f"the visual tower of {place.architecture} is .*; .* take a ViT such as"
        ):
            T2L(backbone=settings, n_frames=2)
        return
    model = T2L(backbone=settings, n_frames=2)
    frames = torch.randint(256, (2, 1, 2, 3, 32, 32), dtype=torch.uint8)
    prompts = (("a red circle",), ("a blue square",), ("a dance",))
    classes = model.class_embeddings.with_gradient(prompts, torch.arange(3), torch.zeros(3, 1).long(), model.device)
    logits = model(frames, classes)
    assert logits.shape == (2, 3)
    torch.nn.functional.cross_entropy(logits, torch.tensor([0, 2])).backward()
    trained = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert trained
    assert [name for name, parameter in trained.items() if parameter.grad is None] == []
