"""TACO's own: what is trained, and what of it tests see. The term is tested where it is, in `recognition/structure`."""

from pathlib import Path

import pytest
import torch
from lightning.pytorch import Trainer
from torch import Tensor
from torch.testing import assert_close

from tests.reference import taco as page
from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading, Split
from zsar.lightning_modules.clip.clip import FineTunedCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.recognition.loading import load_recognizer
from zsar.lightning_modules.recognition.mixing import Mixing
from zsar.lightning_modules.recognition.structure.relative_structure import draw_anchors
from zsar.lightning_modules.recognition.structure.structure_distillation import StructureDistillation
from zsar.lightning_modules.taco.taco import TACO, TACO_OPTIMIZATION
from zsar.lightning_modules.training.optimization import Optimization

FRAMES = torch.randint(256, (3, 1, 2, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
BATCH = VideoBatch(FRAMES, torch.tensor([0, 2, 1]), torch.arange(3), torch.zeros(3, dtype=torch.bool))
TEXT = ClassText("train", ("red", "green", "blue"), (("all red",), ("all green",), ("a sea",)), "test")
FEW = StructureDistillation(n_anchors=25)


def taco(**arguments: object) -> TACO:
    torch.manual_seed(0)
    settings = {"backbone": TrainedClipSettings("tiny-clip", "random"), "structure": FEW, **arguments}
    model = TACO(**settings)  # type: ignore[arg-type]
    model.class_texts["fit"] = [TEXT]
    return model


def stir(model: TACO, size: float = 0.2) -> None:
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(size * torch.randn_like(parameter))


def losses(model: FineTunedCLIP) -> dict[str, Tensor]:
    torch.manual_seed(7)  # of the batch, as a training draws one
    found, _ = model.train().training_losses(BATCH)
    return found


def test_a_step_has_the_losses_and_gradients_of_the_page() -> None:
    """After an update: the teacher has the weights before it, and sees no projection."""
    model = taco(structure=StructureDistillation(n_anchors=25, teacher_momentum=0.5))
    losses(model)
    x_teacher, t_teacher = model.eval().embed_views(FRAMES)[:, 0].detach(), rows(model).detach()
    stir(model)
    assert model.structure_term.teacher is not None
    found = losses(model)
    gradients = torch.autograd.grad(sum(found.values()), trained := trained_of(model))
    assert model.specialization is not None
    wide, narrow = model.specialization.widen, model.specialization.narrow
    ce, rsd = page.loss(
        model.eval().embed_views(FRAMES)[:, 0],
        rows(model),
        x_teacher,
        t_teacher,
        scale=model.backbone.logit_scale,
        labels=BATCH.labels.tolist(),
        anchors=draw_anchors(25, 64, seed=7),
        projection={"W_A": wide.weight, "b_A": wide.bias, "W_B": narrow.weight, "b_B": narrow.bias},
    )
    assert_close(found, {"contrastive": ce, "structure": rsd}, atol=1e-5, rtol=1e-4)
    assert float(rsd.detach()) > 0.01
    for name, ours, theirs in zip(
        dict(model.named_parameters()), gradients, torch.autograd.grad(ce + rsd, trained), strict=False
    ):
        assert_close(ours, theirs, atol=2e-5, rtol=2e-3, msg=name)


def trained_of(model: TACO) -> list[Tensor]:
    return [p for p in model.parameters() if p.requires_grad]


def rows(model: TACO) -> Tensor:
    tokens = model.backbone.tokenize([prompt for (prompt,) in TEXT.prompts])
    return torch.nn.functional.normalize(model.embed_text(tokens), dim=-1)


def test_at_first_it_has_the_loss_of_fine_tuned_clip_and_the_term_is_nothing() -> None:
    first = losses(taco())
    assert torch.equal(first["contrastive"], losses(plain())["contrastive"])
    assert abs(float(first["structure"].detach())) < 1e-6


def plain() -> FineTunedCLIP:
    torch.manual_seed(0)
    model = FineTunedCLIP(
        backbone=TrainedClipSettings("tiny-clip", "random"),
        scoring=TACO(backbone=TrainedClipSettings("tiny-clip", "random")).scoring,
        mixing=Mixing(0.0, 0.0),
        label_smoothing=0.0,
        optimization=Optimization(learning_rate=1e-3),
    )
    fresh = taco()
    model.load_state_dict({name: v for name, v in fresh.state_dict().items() if name.startswith("backbone")})
    model.class_texts["fit"] = [TEXT]
    return model


def test_tests_see_nothing_of_the_projection() -> None:
    model = taco().eval()
    classes = torch.nn.functional.normalize(torch.randn(5, 1, 64), dim=-1)
    before = model(FRAMES, classes)
    assert model.specialization is not None
    torch.nn.init.normal_(model.specialization.narrow.weight)
    assert torch.equal(model(FRAMES, classes), before)
    assert (model.train()(FRAMES, classes) - before).abs().max() > 0.1


def test_views_are_scored_by_the_sum_of_their_cosines() -> None:
    model = taco().eval()
    frames, classes = torch.randn(2, 3, 4, 64), torch.nn.functional.normalize(torch.randn(5, 1, 64), dim=-1)
    scores = model.score(frames, classes) / model.backbone.logit_scale
    by_page = [[sum(page.video(view) @ t for view in video) for (t,) in classes] for video in frames]
    assert_close(scores, torch.tensor([[float(value) for value in row] for row in by_page]))


@pytest.mark.parametrize(
    ("settings", "token_embedding", "text"),
    [({}, True, True), ({"tunes_token_embedding": False}, False, True), ({"tune": "visual"}, False, False)],
)
def test_all_of_the_towers_that_are_tuned_is_trained_token_embedding_included(
    settings: dict[str, object], token_embedding: bool, text: bool
) -> None:
    model = taco(**settings)
    trained = {name.removeprefix("backbone.clip."): p.requires_grad for name, p in model.named_parameters()}
    assert trained["token_embedding.weight"] == token_embedding
    assert trained["positional_embedding"] == text
    assert trained["logit_scale"]
    assert trained["visual.proj"]
    assert trained["specialization.widen.weight"]
    losses(model)
    assert model.structure_term.teacher is not None
    of_teacher = {name.removeprefix("backbone.clip.") for name in model.structure_term.teacher.values}
    assert of_teacher == {name for name in trained if trained[name] and not name.startswith("specialization")}


def test_clip_has_a_rate_of_its_own_and_the_schedule_is_the_authors_where_they_set_it() -> None:
    model = taco()
    (projection, of_projection), (clip, of_clip) = model.parameter_groups()
    assert model.specialization is not None
    assert {id(p) for p in projection} == {id(p) for p in model.specialization.parameters()}
    assert len(projection) + len(clip) == len(trained_of(model))
    assert (of_projection, of_clip) == (None, 0.075 * 5e-5)
    expected = page.rates(37, peak=5e-5)
    for step, rate in enumerate(expected):
        if step % 37 % 10 == 0:  # theirs stays for ten steps, or until the next epoch
            assert TACO_OPTIMIZATION.learning_rate * TACO_OPTIMIZATION.rate_at(step, len(expected)) == pytest.approx(
                rate, abs=1e-12
            )
    assert taco(specialization=False).parameter_groups()[0] == ([], None)
    with pytest.raises(ValueError, match="clip_learning_rate must be positive; got 0"):
        taco(clip_learning_rate=0.0)


def test_switched_off_it_is_fine_tuned_clip_to_the_bit(video_tree: Path, tmp_path: Path) -> None:
    """With the same rate and without the token embedding, which that does not train."""
    off = {"structure": None, "specialization": False, "tunes_token_embedding": False, "clip_learning_rate": 1e-3}
    model = taco(**off, optimization=Optimization(learning_rate=1e-3))
    trained = []
    for one in (model, plain()):
        trainer(tmp_path).fit(one, datamodule=data(video_tree))
        trained.append({name: p.detach() for name, p in one.named_parameters()})
    assert trained[0].keys() == trained[1].keys()
    for name, values in trained[1].items():
        assert torch.equal(trained[0][name], values), name


def test_a_checkpoint_has_the_projection_which_a_mean_with_clips_weights_leaves_alone(
    video_tree: Path, tmp_path: Path, tiny_weights: Path
) -> None:
    backbone = TrainedClipSettings("tiny-clip", str(tiny_weights))
    model = taco(backbone=backbone, tuned_share=0.5, optimization=Optimization(learning_rate=1e-2))
    original = {name: p.detach().clone() for name, p in model.named_parameters()}
    run = trainer(tmp_path)
    run.fit(model, datamodule=data(video_tree))
    run.save_checkpoint(tmp_path / "taco.ckpt", weights_only=True)
    loaded = load_recognizer(tmp_path / "taco.ckpt")
    for name, parameter in loaded.named_parameters():
        tuned = model.get_parameter(name)
        is_mixed = tuned.requires_grad and not name.startswith("specialization")
        assert_close(parameter, (tuned + original[name]) / 2 if is_mixed else tuned, msg=name)
    assert not any(name.startswith("specialization") for name in loaded.original_weights())
    loaded.save_pretrained(tmp_path / "shared")
    again = TACO.from_pretrained(tmp_path / "shared")
    assert_close(dict(again.named_parameters()), dict(loaded.named_parameters()))


def trainer(folder: Path) -> Trainer:
    return Trainer(
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        max_epochs=1,
        limit_train_batches=3,
        num_sanity_val_steps=0,
        default_root_dir=folder,
    )


def data(video_tree: Path) -> VideoFolder:
    return VideoFolder(
        train=video_tree,
        clips=Clips(n_frames=2, image_size=32),
        split=Split(held_out_fraction=0.2),
        loading=Loading(batch_size=4, n_workers=0),
    )
