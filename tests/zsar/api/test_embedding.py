from pathlib import Path

import pytest
import torch

import zsar
from tests.makers.models.every_recognizer import recognizer
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.runtime.files.video_errors import VideoDecodeError


def test_similarities_of_embeddings_order_classes_as_classify_does(model: ActionRecognizer, video_tree: Path) -> None:
    video, names = video_tree / "red dance" / "0.mp4", ["red", "green", "blue"]
    videos, texts = zsar.embed(video, model=model), zsar.embed_text(names, model=model)
    assert videos.vectors.shape == (1, 64)
    assert texts.prompts.shape == (3, 1, 64)
    torch.testing.assert_close(videos.vectors.norm(dim=1), torch.ones(1))
    torch.testing.assert_close(texts.vectors.norm(dim=1), torch.ones(3))
    logits = float(model.backbone.logit_scale) * (videos.vectors @ texts.vectors.T)[0]
    answer = zsar.classify(video, names, model=model)
    expected = dict(zip(names, logits.softmax(0).tolist(), strict=True))
    torch.testing.assert_close(dict(answer.ranked), expected, atol=1e-4, rtol=0)


def test_a_list_keeps_its_order_and_marks_what_failed(model: ActionRecognizer, video_tree: Path) -> None:
    good, broken = video_tree / "red dance" / "0.mp4", video_tree / "red dance" / "1.mp4"
    broken.write_bytes(b"no video")
    embedded = zsar.embed([broken, good], model=model, clips=2, frames=3)
    assert embedded.frames.shape == (2, 2, 3, 64)
    assert embedded.vectors[0].isnan().all()
    assert embedded.vectors[1].isfinite().all()
    assert embedded.to_dict()["vectors"][0] is None
    assert (embedded.paths[1], embedded.errors[1]) == (str(good), None)
    with pytest.raises(VideoDecodeError, match=r"1\.mp4"):
        zsar.embed(broken, model=model)
    with pytest.raises(ValueError, match="no video to embed"):
        zsar.embed([], model=model)


def test_texts_may_have_several_prompts(model: ActionRecognizer) -> None:
    embedded = zsar.embed_text(["red", "blue"], model=model, template="action_clip")
    assert embedded.prompts.shape == (2, 16, 64)
    assert embedded.to_dict()["names"] == ["red", "blue"]


@pytest.mark.parametrize("name", ["BIKE", "OpenVCLIP"])
def test_texts_have_the_width_of_videos_also_where_the_scorer_reads_all_tokens(
    name: str, tiny_weights: Path, video_tree: Path
) -> None:
    model = recognizer(name, tiny_weights)
    videos = zsar.embed([video_tree / "red dance" / "0.mp4"], model=model, frames=4)
    texts = zsar.embed_text({"red": ["red dance", "a red dance"], "blue": ["blue dance", "a blue dance"]}, model=model)
    assert texts.prompts.shape == (2, 2, videos.vectors.shape[1])
    torch.testing.assert_close(texts.vectors.norm(dim=1), torch.ones(2))
    assert (videos.vectors @ texts.vectors.T).abs().max() <= 1 + 1e-5
