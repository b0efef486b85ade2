import json
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from tests.makers.models.biased_models import biased_clip
from tests.makers.models.every_recognizer import RECOGNIZERS, recognizer
from zsar.api.export import onnx_export
from zsar.api.export.onnx_export import export_onnx
from zsar.lightning_modules.ap_clip import APCLIP
from zsar.lightning_modules.clip import ZeroShotCLIP
from zsar.lightning_modules.localization.frame_wise import FrameWiseCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch

onnxruntime = pytest.importorskip("onnxruntime")
CLASSES = {"red dance": ["a red dance", "red"], "blue dance": ["a blue dance", "blue"], "Öl, Ruß": ["oil", "soot"]}


@pytest.mark.slow
@pytest.mark.parametrize("clips", [1, 2])
@pytest.mark.parametrize("name", RECOGNIZERS)
def test_the_file_gives_pytorch_s_probabilities_for_any_number_of_videos(
    name: str, clips: int, tmp_path: Path, tiny_weights: Path
) -> None:
    model = recognizer(name, tiny_weights)
    model.prepare_inference()
    written = export_onnx(model, CLASSES, tmp_path / "model.onnx", frames=4, clips=clips)
    assert written.largest_difference <= 1e-4
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    assert (given.name, given.type, given.shape[1:]) == ("frames", "tensor(uint8)", [clips, 4, 3, 32, 32])
    prompts = tuple(tuple(texts) for texts in CLASSES.values())
    for n_videos in (1, 2, 5):
        frames = torch.randint(256, (n_videos, clips, 4, 3, 32, 32), dtype=torch.uint8)
        with torch.no_grad():
            logits = model(frames, model.class_embeddings.cached(prompts, model.device))
        of_file = session.run(["logits", "probabilities"], {"frames": frames.numpy()})
        assert_close(torch.from_numpy(of_file[0]), logits, rtol=1e-3, atol=1e-3)
        assert_close(torch.from_numpy(of_file[1]), logits.softmax(dim=1), rtol=0, atol=1e-4)
    assert [output.name for output in session.get_outputs()] == ["logits", "probabilities"]
    metadata = session.get_modelmeta().custom_metadata_map
    assert not {"probabilities", "own_probabilities"} & metadata.keys()
    assert json.loads(metadata["class_names"]) == list(CLASSES)
    assert len(metadata["prompts_sha256"]) == 64
    assert metadata["tokenizer_hash"] == ""  # CLIP's own
    assert metadata["backbone_hash"] == model.backbone.weights_hash
    assert {"architecture", "zsar_version", "sampling", "geometry", "scorer", "model"} <= metadata.keys()
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    assert written.to_dict()["class_names"] == list(CLASSES)


def test_a_localizer_is_rejected_by_name(tmp_path: Path, tiny_weights: Path) -> None:
    model = FrameWiseCLIP(backbone=ClipSettings("tiny-clip", str(tiny_weights)))
    with pytest.raises(TypeError, match="FrameWiseCLIP cannot be exported to ONNX: only recognizers"):
        export_onnx(model, ["a", "b"], tmp_path / "model.onnx")  # type: ignore[arg-type]


def test_prompts_tuned_to_each_video_are_rejected(tmp_path: Path, tiny_weights: Path) -> None:
    model = recognizer("ZeroShotCLIP", tiny_weights)
    model.adaptation = object()  # type: ignore[assignment]
    with pytest.raises(ValueError, match="prompts tuned to each video .* cannot be exported"):
        export_onnx(model, ["a", "b"], tmp_path / "model.onnx")


def test_a_missing_extra_is_named_with_its_pip_line(
    tmp_path: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_export, "find_spec", lambda name: None if name == "onnxscript" else object())
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'zsar\[export\]' \(missing: onnxscript\)"):
        export_onnx(recognizer("ZeroShotCLIP", tiny_weights), ["a", "b"], tmp_path / "model.onnx")


def test_a_file_that_is_too_large_is_rejected_before_it_is_made(
    tmp_path: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_export, "MOST_BYTES", 1000)
    with pytest.raises(ValueError, match="an ONNX file has at most 2 GB; export a smaller architecture"):
        export_onnx(recognizer("ZeroShotCLIP", tiny_weights), ["a", "b"], tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_file_with_other_answers_is_not_put_in_place(
    tmp_path: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.onnx").write_text("old")
    monkeypatch.setattr(onnx_export, "MOST_DIFFERENCE", -1.0)
    with pytest.raises(ValueError, match="is not written: its probabilities differ"):
        export_onnx(recognizer("ZeroShotCLIP", tiny_weights), ["a", "b"], tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").read_text() == "old"


@pytest.mark.slow
@pytest.mark.parametrize("kind", [ZeroShotCLIP, APCLIP])
def test_a_model_with_a_bias_has_own_probabilities_and_states_what_each_is(
    kind: type[ActionRecognizer], tmp_path: Path, tiny_weights: Path
) -> None:
    model = kind(backbone=biased_clip(tmp_path, tiny_weights)).eval()
    export_onnx(model, CLASSES, tmp_path / "model.onnx", frames=4, clips=2)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    assert [output.name for output in session.get_outputs()] == ["logits", "probabilities", "own_probabilities"]
    frames = torch.randint(256, (2, 2, 4, 3, 32, 32), dtype=torch.uint8)
    prompts = tuple(tuple(texts) for texts in CLASSES.values())
    with torch.no_grad():
        classes = model.class_embeddings.cached(prompts, model.device)
        expected = model.probabilities(EmbeddedBatch(model.embed_views(frames), (classes,)))
    relative, own = session.run(["probabilities", "own_probabilities"], {"frames": frames.numpy()})
    assert expected.own is not None
    assert_close(torch.from_numpy(relative), expected.relative, rtol=0, atol=1e-4)
    assert_close(torch.from_numpy(own), expected.own, rtol=0, atol=1e-4)
    metadata = session.get_modelmeta().custom_metadata_map
    assert metadata["probabilities"].startswith("softmax over the classes")
    assert metadata["own_probabilities"].startswith("sigmoid of each class by itself")
