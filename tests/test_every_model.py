"""Every model that zsar has, through every command, on rendered videos: a new model is tested by being there.

A model needs a fragment of its own for the tiny towers, `configs/model/tiny_*.yaml`; the first that names it is used.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

import zsar
from tests.makers.models.saved_models import saved
from tests.makers.source_tree import ROOT
from tests.makers.videos.class_folders import CHANNELS, write_class_folders
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.command_line.model_kinds import classes_of
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.recognition.loading import load_recognizer
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.run_folders.picture_files import read_pictures
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError
from zsar.lightning_modules.training.checkpoints import plain_arguments
from zsar.runtime.class_paths import class_path

pytestmark = pytest.mark.slow

RECOGNIZERS, LOCALIZERS = classes_of(ActionRecognizer), classes_of(ActionLocalizer)
TRAINED = [model for model in RECOGNIZERS if model.is_trained]
UNTRAINED = [model for model in RECOGNIZERS if not model.is_trained]
# `zsar localize` names methods, not classes. A CoCa of random weights writes long captions of many segments.
METHODS = {"FrameWiseCLIP": "frame-wise", "T3AL": "t3al"}
SHORTER = {"T3AL": ["--model.suppression", "null", "--model.tuning.n_steps", "2"]}
LOCALIZE_SHORTER = {"T3AL": ["--no-suppress", "--steps", "2"]}

Run = Callable[..., int]


def fragment_of(model: type) -> str:
    """The configuration of a model on tiny towers."""
    fragments = sorted((ROOT / "configs" / "model").glob("tiny_*.yaml"))
    its_own = [path for path in fragments if yaml.safe_load(path.read_text())["class_path"] == class_path(model)]
    assert its_own, f"{model.__name__} has no configuration configs/model/tiny_*.yaml, by which it is tested here"
    return f"model/{its_own[0].stem}"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with videos of four classes, and untrained weights where the fragments look for trained ones."""
    folder = tmp_path_factory.mktemp("place")
    write_class_folders(folder / "data" / "my_videos")
    for name in ("tiny_clip", "tiny_coca"):
        torch.manual_seed(0)
        (folder / "runs" / name).mkdir(parents=True)
        state = OpenClipBackbone(name.replace("_", "-"), "random").clip.state_dict()
        torch.save(state, folder / "runs" / name / "seed0.pt")
    return folder


@pytest.fixture
def run(place: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `zsar COMMAND` with a model on the videos, in the folder."""
    monkeypatch.chdir(place)
    of_recognition = [
        *("--data", "data/video_folder", "--data.clips.image_size", "32", "--data.loading.batch_size", "4"),
        *("--data.split.held_out_fraction", "0.25", "--data.predict", "my_videos/red dance"),
        *("--data.loading.n_workers", "0", "--trainer.max_epochs", "1"),
    ]
    of_localization = [
        *("--data", "data/untrimmed_files", "--data.videos", "my_videos/red dance"),
        *("--data.classes", "[red dance, blue dance]", *("--data.annotations", str(annotated(place)))),
    ]

    def runs(command: str, model: type, *arguments: str) -> int:
        data = of_recognition if issubclass(model, ActionRecognizer) else of_localization
        named = [
            "--model",
            fragment_of(model),
            *data,
            "--run_dir",
            f"runs/{model.__name__}",
            "--trainer",
            "trainer/cpu",
        ]
        few = ["--trainer.enable_progress_bar", "false", *SHORTER.get(model.__name__, [])]
        return main([command, *named, *few, *arguments])

    return runs


def annotated(place: Path) -> Path:
    """Annotations of the videos of a class, as `UntrimmedFiles` reads them: the action fills the middle of each."""
    path = place / "annotations.json"
    middle = [{"segment": [0.25, 1.0], "label": "red dance"}]
    path.write_text(json.dumps({f"{index}": {"duration_second": 1.5, "annotations": middle} for index in range(5)}))
    return path


def checkpoint(place: Path, model: type, name: str) -> Path:
    return place / "runs" / model.__name__ / "checkpoints" / f"{name}.ckpt"


@pytest.fixture
def trained(request: pytest.FixtureRequest, run: Run, place: Path) -> type:
    """A model that has been trained for an epoch, once for all tests."""
    model: type = request.param
    if not checkpoint(place, model, "best").is_file():
        assert run("fit", model) == 0
    return model


def results_of(place: Path, model: type, name: str = "results.json") -> dict[str, Any]:
    result: dict[str, Any] = json.loads((place / "runs" / model.__name__ / name).read_text())
    return result


# --- recognizers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trained", TRAINED, indirect=True)
def test_fit_leaves_checkpoints_that_name_the_model(trained: type, place: Path) -> None:
    for name in ("best", "last"):
        content = torch.load(checkpoint(place, trained, name), weights_only=True)
        assert content["zsar"]["class_path"] == class_path(trained)
        assert content["epoch"] == 0
        assert content["state_dict"]


@pytest.mark.parametrize("command", ["validate", "test"])
@pytest.mark.parametrize("trained", TRAINED, indirect=True)
def test_a_trained_model_is_evaluated(trained: type, command: str, run: Run, place: Path) -> None:
    best = str(checkpoint(place, trained, "best"))
    assert run(command, trained, "--ckpt_path", best, "--overwrite") == 0
    results = results_of(place, trained, "results.json" if command == "test" else "results_validate.json")
    assert results["model"]["class_path"] == class_path(trained)
    assert all(0 <= of_set["top1"] <= 100 and of_set["n_evaluated"] > 0 for of_set in results["sets"].values())


@pytest.mark.parametrize("trained", TRAINED, indirect=True)
def test_a_trained_model_predicts(trained: type, run: Run, place: Path) -> None:
    assert run("predict", trained, "--ckpt_path", str(checkpoint(place, trained, "best")), "--overwrite") == 0
    assert_predicted(place, trained)


@pytest.mark.parametrize("trained", TRAINED, indirect=True)
def test_training_is_resumed(trained: type, run: Run, place: Path) -> None:
    assert run("fit", trained, "--ckpt_path", "last", "--trainer.max_epochs", "2") == 0
    before = torch.load(checkpoint(place, trained, "best"), weights_only=True)
    after = torch.load(checkpoint(place, trained, "last"), weights_only=True)
    assert after["epoch"] == 1
    assert after["global_step"] >= before["global_step"]


@pytest.mark.parametrize("trained", TRAINED, indirect=True)
def test_a_trained_model_classifies(trained: type, run: Run, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    best = checkpoint(place, trained, "best")
    assert (
        main(["classify", "data/my_videos", "--classes", ",".join(CHANNELS), "--checkpoint", str(best), "--json"]) == 0
    )
    answers = json.loads(capsys.readouterr().out)
    assert len(answers) == 20
    assert all(answer["error"] is None for answer in answers)


@pytest.mark.parametrize("trained", TRAINED, indirect=True)
def test_a_trained_model_is_loaded_by_its_class_as_by_load(
    trained: Any, place: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = checkpoint(place, trained, "best")
    by_load, by_class, of_any = zsar.load(path, device="cpu"), trained.load_from_checkpoint(path), load_recognizer(path)
    assert type(by_class) is trained
    assert_same_model(by_class, by_load)
    assert_same_model(by_class, of_any)
    assert_same_model(ActionRecognizer.load_from_checkpoint(path), by_load)
    moved = place / "moved.pt"
    moved.write_bytes((place / "runs" / "tiny_clip" / "seed0.pt").read_bytes())
    monkeypatch.chdir(place.parent)  # the weights are no longer where the checkpoint states them
    with pytest.raises(BackboneError):
        trained.load_from_checkpoint(path)
    assert_same_model(trained.load_from_checkpoint(path, weights=str(moved)), by_load)
    others: list[Any] = list(RECOGNIZERS)
    for other in others:
        if not issubclass(trained, other):
            with pytest.raises(CheckpointError, match=rf"is of a {trained.__name__}, not of a {other.__name__}; load"):
                other.load_from_checkpoint(path)


@pytest.mark.parametrize("model", UNTRAINED)
def test_a_model_that_is_not_trained_is_loaded_by_its_class(model: Any, place: Path, tmp_path: Path) -> None:
    made = model(backbone=ClipSettings("tiny-clip", str(place / "runs" / "tiny_clip" / "seed0.pt"))).eval()
    for path in (saved(made, tmp_path), made.save_pretrained(tmp_path / "shared")):
        by_class = model.load_from_checkpoint(path)
        assert type(by_class) is model
        assert_same_model(by_class, zsar.load(path, device="cpu"))
        assert_same_model(by_class, made, settings=path.is_file())  # a shared folder brings its own weights


def assert_same_model(one: ActionRecognizer, other: ActionRecognizer, *, settings: bool = True) -> None:
    """Both are ready for use, have the same class, settings, weights and origin, and give the same answers."""
    assert type(one) is type(other)
    assert not one.training
    assert not other.training
    for name, tensor in other.state_dict().items():
        torch.testing.assert_close(one.state_dict()[name], tensor, atol=0, rtol=0)
    assert one.state_dict().keys() == other.state_dict().keys()
    assert one.trained_on == other.trained_on
    assert one.training_record == other.training_record
    if settings:
        ours, theirs = plain_arguments(one.hparams), plain_arguments(other.hparams)
        assert {**ours, "backbone": {**ours["backbone"], "weights": ""}} == {
            **theirs,
            "backbone": {**theirs["backbone"], "weights": ""},
        }
    frames = torch.randint(256, (2, 1, getattr(one, "n_frames", 4), 3, 32, 32), dtype=torch.uint8)
    prompts = (("a red dance",), ("a blue dance",))
    with torch.no_grad():
        answers = [model(frames, model.class_embeddings.cached(prompts, model.device)) for model in (one, other)]
    torch.testing.assert_close(*answers, atol=0, rtol=0)


@pytest.mark.parametrize("model", UNTRAINED)
def test_a_model_that_is_not_trained_says_so(model: type, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fit", model) == 1
    assert f"{model.__name__} has nothing to train; use `zsar test`" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["validate", "test"])
@pytest.mark.parametrize("model", UNTRAINED)
def test_a_model_that_is_not_trained_is_evaluated(model: type, command: str, run: Run, place: Path) -> None:
    assert run(command, model, "--overwrite") == 0
    results = results_of(place, model, "results.json" if command == "test" else "results_validate.json")
    assert results["model"]["class_path"] == class_path(model)
    assert all(of_set["n_evaluated"] > 0 for of_set in results["sets"].values())


@pytest.mark.parametrize("trained", TRAINED, indirect=True)
def test_the_attention_of_a_trained_model_is_shown_beside_frozen_clip(trained: type, run: Run, place: Path) -> None:
    best = str(checkpoint(place, trained, "best"))
    fragment = "visualization/attention_beside_frozen_clip"
    assert run("test", trained, "--ckpt_path", best, "--overwrite", "--config", fragment) == 0
    assert_attention(place, trained, ["frozen CLIP", f"{trained.__name__} (tested)"])


@pytest.mark.parametrize("model", UNTRAINED)
def test_the_attention_of_a_model_that_is_not_trained_is_shown(model: type, run: Run, place: Path) -> None:
    assert run("test", model, "--overwrite", "--config", "visualization/attention_maps") == 0
    assert_attention(place, model, [f"{model.__name__} (tested)"])


def assert_attention(place: Path, model: type, names: list[str]) -> None:
    """Maps of these models, with a picture and a video for each tested video."""
    pictures = [p for p in read_pictures(place / "runs" / model.__name__) if "video" in p.files]
    assert pictures
    for picture in pictures:
        numbers, png, mp4 = (picture.path(place / "runs" / model.__name__, r) for r in ("numbers", "picture", "video"))
        assert numbers is not None
        content = json.loads(numbers.read_text())
        assert [shown["name"] for shown in content["models"]] == names
        assert {one["map"] for shown in content["models"] for one in shown["maps"]} == {"last", "rollout", "gradient"}
        assert png is not None
        assert mp4 is not None
        assert png.stat().st_size > 0 < mp4.stat().st_size


@pytest.mark.parametrize("model", UNTRAINED)
def test_a_model_that_is_not_trained_predicts(model: type, run: Run, place: Path) -> None:
    assert run("predict", model, "--overwrite") == 0
    assert_predicted(place, model)


def assert_predicted(place: Path, model: type) -> None:
    """Each of the five videos has a name."""
    table = (place / "runs" / model.__name__ / "predictions.csv").read_text().splitlines()
    assert len(table) == 1 + 5
    assert all(any(name in row for name in CHANNELS) for row in table[1:])


# --- localizers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["fit", "validate"])
@pytest.mark.parametrize("model", LOCALIZERS)
def test_a_localizer_says_that_it_is_not_trained(
    model: type, command: str, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command, model) == 1
    said = f"{model.__name__} is a localizer, which is not trained, so that there is nothing to {command}"
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("model", LOCALIZERS)
def test_a_localizer_says_that_it_has_no_checkpoints(model: Any) -> None:
    with pytest.raises(CheckpointError, match=rf"{model.__name__} has no checkpoints, .* build it by its settings"):
        model.load_from_checkpoint("any.ckpt", map_location="cpu")


@pytest.mark.parametrize("model", LOCALIZERS)
def test_a_localizer_is_tested(model: type, run: Run, place: Path) -> None:
    assert run("test", model, "--overwrite") == 0
    results = results_of(place, model)
    assert results["model"]["class_path"] == class_path(model)
    assert results["complete"]
    assert all(0 <= of_set["map_0.5"] <= 100 for of_set in results["sets"].values())


@pytest.mark.parametrize("model", LOCALIZERS)
def test_a_localizer_predicts(model: type, run: Run, place: Path) -> None:
    assert run("predict", model, "--data.annotations", "null", "--overwrite") == 0
    assert list((place / "runs" / model.__name__).glob("detections*.json"))


@pytest.mark.parametrize("model", LOCALIZERS)
def test_a_localizer_localizes(model: type, place: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    towers = ["--architecture", "tiny-coca", "--weights", "runs/tiny_coca/seed0.pt", "--device", "cpu"]
    assert model.__name__ in METHODS, "offer it by `zsar localize --method` (command_line/localize/), and name it above"
    method = ["--method", METHODS[model.__name__], *LOCALIZE_SHORTER.get(model.__name__, [])]
    output = ["--output", f"runs/localized_{model.__name__}", "--json", "--n-workers", "0"]
    arguments = ["data/my_videos/red dance", "--classes", "red dance, blue dance", *towers, *method, *output]
    assert main(["localize", *arguments]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 5
