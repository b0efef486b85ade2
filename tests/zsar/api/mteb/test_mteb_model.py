"""`zsar.mteb_model`: our side with stand-ins, and MTEB itself where it is installed."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer

import zsar
from tests.makers.models.every_recognizer import recognizer
from tests.makers.mteb.stand_in import encoded, stand_in
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading, Text
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.runtime.files.video_errors import VideoDecodeError

WITHOUT_ONE_VECTOR = {"APCLIP": "late_interaction", "BIKE": "concept_spotting"}
needs_mteb = pytest.mark.skipif(
    find_spec("mteb") is None or find_spec("datasets") is None, reason="mteb is not installed: pip install '.[mteb]'"
)


@pytest.fixture
def _packages(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)


@pytest.mark.usefixtures("_packages")
def test_videos_and_texts_are_those_of_embed(model: ActionRecognizer, video_tree: Path) -> None:
    paths = sorted(video_tree.rglob("*.mp4"))[::6]
    of_task, texts = zsar.mteb_model(model, frames=4), ["a video of red dance", "a video of blue dance", "red"]
    videos = encoded(of_task, {"video": [{"bytes": None, "path": str(path)} for path in paths], "label": [0] * 4})
    embedded = encoded(of_task, {"text": texts})
    torch.testing.assert_close(videos, zsar.embed(paths, model=model, frames=4).vectors)
    expected = zsar.embed_text(texts, model=model, template="name").vectors
    torch.testing.assert_close(embedded, expected)
    torch.testing.assert_close(of_task.similarity(videos, embedded), videos @ expected.T)
    torch.testing.assert_close(of_task.similarity(videos[0], embedded), videos[:1] @ expected.T)
    torch.testing.assert_close(of_task.similarity_pairwise(videos[:3], embedded), (videos[:3] * expected).sum(dim=1))


@pytest.mark.usefixtures("_packages")
@pytest.mark.parametrize("name", ["T2L", "OpenVCLIP", "APCLIP"])  # trained text or frames; each scorer
def test_every_recognizer_ranks_texts_as_it_does_itself_or_is_refused(
    name: str, tiny_weights: Path, video_tree: Path
) -> None:
    model = recognizer(name, tiny_weights)
    if name in WITHOUT_ONE_VECTOR:
        with pytest.raises(ValueError, match=f"{name} compares videos with text by {WITHOUT_ONE_VECTOR[name]}, which"):
            zsar.mteb_model(model)
        return
    model.prepare_inference()
    paths, texts = sorted(video_tree.rglob("*.mp4"))[::9], ["a video of red.", "a video of green.", "blue"]
    of_task = zsar.mteb_model(model)
    videos = encoded(of_task, {"video": [{"bytes": None, "path": str(path)} for path in paths]})
    similarities = of_task.similarity(videos, encoded(of_task, {"text": texts}))
    answers = zsar.classify(paths, {text: text for text in texts}, model=model)
    for row, answer in zip((similarities * model.score_scale).softmax(dim=1), answers, strict=True):
        torch.testing.assert_close(dict(zip(texts, row.tolist(), strict=True)), dict(answer.ranked), atol=1e-5, rtol=0)


@pytest.mark.usefixtures("_packages")
def test_results_are_filed_under_name_revision_and_departures(model: ActionRecognizer) -> None:
    own, other = (
        zsar.mteb_model(model).mteb_model_meta,
        zsar.mteb_model(model, frames=4, name="us/ours").mteb_model_meta,
    )
    assert (own.name, own.experiment_kwargs, own.embed_dim) == ("zsar/ZeroShotCLIP-tiny-clip", None, 64)
    assert (other.name, other.experiment_kwargs) == ("us/ours", {"n_frames": 4})
    assert own.modalities == ["video", "text"]
    assert own.revision != other.revision
    assert other.loader_kwargs["clips"]["n_frames"] == 4


@pytest.mark.usefixtures("_packages")
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"clips": 2}, "clips is 2, but ZeroShotCLIP averages the probabilities of its clips"),
        ({"frames": 0}, "frames"),
        ({"name": "ours"}, "name is 'ours', but MTEB calls a model ORGANIZATION/MODEL"),
        ({"on_damage": "ignore"}, "on_damage"),
        ({"precision": "fp16"}, "precision 'fp16' needs a GPU"),
    ],
)
def test_what_cannot_be_is_said_before_any_work(
    model: ActionRecognizer, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        zsar.mteb_model(model, **settings)


@pytest.mark.usefixtures("_packages")
def test_faults_of_a_task_name_it(model: ActionRecognizer, video_tree: Path) -> None:
    of_task = zsar.mteb_model(model)
    with pytest.raises(VideoDecodeError, match=r"ShapesZeroShot, test, row 0: .*a\.mp4"):
        encoded(of_task, {"video": [{"bytes": b"no video", "path": "a.mp4"}]})
    with pytest.raises(ValueError, match="encode_kwargs has precision='int8'"):
        encoded(of_task, {"text": ["red"]}, precision="int8")
    with pytest.raises(ValueError, match="tokens"):
        encoded(of_task, {"text": ["red " * 99]})
    with torch.no_grad():
        model.backbone.clip.text_projection.fill_(torch.nan)
    with pytest.raises(ValueError, match="ShapesZeroShot, test, row 0: its embedding is NaN or infinite"):
        encoded(of_task, {"text": ["red"]})


def test_without_the_extra_it_says_what_to_install(model: ActionRecognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, ["mteb"])
    monkeypatch.setitem(sys.modules, "datasets", None)
    monkeypatch.setattr("zsar.api.mteb.mteb_model.find_spec", lambda name: None if name == "datasets" else name)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'zsar\[mteb\]'.* \(missing: datasets\)"):
        zsar.mteb_model(model)


@needs_mteb
@pytest.mark.slow
def test_a_task_that_mteb_runs_has_the_accuracy_of_a_test(
    telling_model: ActionRecognizer, video_tree: Path, tmp_path: Path
) -> None:
    mteb = pytest.importorskip("mteb")
    from tests.makers.mteb.rendered_tasks import video_task

    names = sorted(folder.name for folder in video_tree.iterdir())
    task = video_task(video_tree, [f"a video of {name}" for name in names])
    cache = mteb.ResultCache(tmp_path / "cache")
    result = mteb.evaluate(
        zsar.mteb_model(telling_model, frames=4), task, cache=cache, prediction_folder=tmp_path / "predictions",
        encode_kwargs={"batch_size": 3}, show_progress_bar=False,
    )  # fmt: skip
    data = VideoFolder(
        train=video_tree,
        test=video_tree,
        clips=Clips(n_frames=4),
        text=Text(templates="a video of {}"),
        loading=Loading(3, n_workers=0),
    )
    trainer = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, default_root_dir=tmp_path)
    (tested,) = trainer.test(telling_model, datamodule=data, verbose=False)
    (top1,) = (value for key, value in tested.items() if key.endswith("/top1"))
    assert 100 * result.task_results[0].get_score() == pytest.approx(top1)
    assert 0 < top1 < 100
    (written,) = (tmp_path / "cache").rglob("model_meta.json")
    assert json.loads(written.read_text())["experiment_kwargs"] == {"n_frames": 4}
