import pytest
import torch
from torch.nn import functional
from torch.testing import assert_close

from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.recognition.multi_label.own_scores import check_labels, own_scores, refuse_multi_label
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch, Scorer, Scoring

TEXT = ClassText("test", ("a", "b"), (("a",), ("b",)), "names", multi_label=True)


def normalized(*shape: int, seed: int = 0) -> torch.Tensor:
    return functional.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def tiny(scorer: Scorer = "mean_pooled_cosine") -> ZeroShotCLIP:
    return ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random"), scoring=Scoring(scorer))


def test_a_score_is_the_scaled_mean_cosine_over_views_and_prompts_and_its_sigmoid() -> None:
    model = tiny()
    frames, classes = normalized(2, 3, 1, 64), normalized(5, 4, 64, seed=1)
    outputs = own_scores(model, EmbeddedBatch(frames, (classes,)))
    cosines = torch.einsum("bvd,cpd->bvpc", frames[:, :, 0], classes).mean(dim=(1, 2))
    assert_close(outputs["logits"], model.score_scale * cosines)
    assert_close(outputs["probabilities"], outputs["logits"].sigmoid())  # tiny CLIP has no bias


def test_a_score_does_not_depend_on_the_other_classes_as_log_probabilities_do() -> None:
    model = tiny()
    frames, classes = normalized(2, 3, 4, 64), normalized(5, 1, 64, seed=1)
    few, all_of_them = (EmbeddedBatch(frames, (of_classes,)) for of_classes in (classes[:2], classes))
    assert_close(own_scores(model, few)["logits"], own_scores(model, all_of_them)["logits"][:, :2])
    assert not torch.allclose(model.score_embedded(few), model.score_embedded(all_of_them)[:, :2])


@pytest.mark.parametrize("scorer", ["mean_frame_cosine", "late_interaction"])
def test_weights_of_views_and_several_texts_are_averaged(scorer: Scorer) -> None:
    scoring, scale = Scoring(scorer), torch.tensor(10.0)
    frames, texts = normalized(2, 3, 4, 64), (normalized(5, 2, 64, seed=1), normalized(5, 2, 64, seed=2))
    weights = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]])
    single = [
        torch.stack([scoring.similarities(EmbeddedBatch(frames[:, v : v + 1], (text,)), scale) for v in range(3)], 1)
        for text in texts
    ]
    expected = torch.stack([(weights[..., None] * of_views).sum(dim=1) for of_views in single]).mean(dim=0)
    assert_close(scoring.similarities(EmbeddedBatch(frames, texts, (weights, weights)), scale), expected)


def test_training_and_votes_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"the training of ZeroShotCLIP needs one class for each video.*all_classes"):
        check_labels(tiny(), [TEXT], trains=True)
    with pytest.raises(ValueError, match=r"scoring.scorer frame_voting needs one class.*mean_pooled_cosine"):
        check_labels(tiny("frame_voting"), [TEXT], trains=False)
    check_labels(tiny(), [TEXT], trains=False)


def test_sets_of_one_label_are_not_refused() -> None:
    text = ClassText("test", TEXT.names, TEXT.prompts, "names")
    refuse_multi_label([text], needed_by="a picture", reason="it is of one", remedy="leave it out")
    with pytest.raises(ValueError, match=r"a picture .* set 'test' show several.*it is of one; leave it out"):
        refuse_multi_label([text, TEXT], needed_by="a picture", reason="it is of one", remedy="leave it out")
