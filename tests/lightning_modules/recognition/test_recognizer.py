import importlib
import os
import pkgutil
from inspect import isabstract
from pathlib import Path
from typing import Literal, get_args

import pytest
import torch
from lightning.pytorch import LightningDataModule, Trainer
from torch import Tensor
from torch.testing import assert_close
from torch.utils.data import DataLoader

import zsar.lightning_modules
from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading, Split
from zsar.lightning_modules.ap_clip.ap_clip import APCLIP
from zsar.lightning_modules.bike.bike import BIKE
from zsar.lightning_modules.clip.clip import FineTunedCLIP, ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings, TrainedClipSettings
from zsar.lightning_modules.open_vclip import OpenVCLIP
from zsar.lightning_modules.recognition.class_embeddings import choose_prompts
from zsar.lightning_modules.recognition.mixing import Mixing
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.scoring import Scoring, TrainingPrompts
from zsar.lightning_modules.t2l.t2l import T2L
from zsar.lightning_modules.taco.taco import TACO
from zsar.lightning_modules.training.optimization import Optimization

QUIET = {"accelerator": "cpu", "logger": False, "enable_progress_bar": False, "enable_model_summary": False}


def tiny_t2l(**arguments: object) -> T2L:
    settings: dict[str, object] = {"backbone": TrainedClipSettings("tiny-clip", "random"), "n_frames": 4}
    return T2L(**{**settings, **arguments})  # type: ignore[arg-type]


def data(video_tree: Path, **arguments: object) -> VideoFolder:
    return VideoFolder(
        train=video_tree,
        clips=Clips(n_frames=4, image_size=32),
        split=Split(held_out_fraction=0.25),
        loading=Loading(batch_size=3, n_workers=0, **arguments),  # type: ignore[arg-type]
    )


def trainer(path: Path, **arguments: object) -> Trainer:
    return Trainer(default_root_dir=path, **{**QUIET, "enable_checkpointing": False, **arguments})  # type: ignore[arg-type]


def test_scores_of_several_views_are_the_average_of_single_view_runs() -> None:
    model = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random")).eval()
    video = torch.randint(256, (2, 3, 4, 3, 32, 32), dtype=torch.uint8)
    classes = torch.nn.functional.normalize(torch.randn(5, 1, 64), dim=-1)
    single = torch.stack([model(video[:, v : v + 1], classes).softmax(dim=1) for v in range(3)])
    assert_close(model(video, classes).softmax(dim=1), single.mean(dim=0))


def test_prompts_are_averaged_by_probability_or_by_embedding() -> None:
    frames, classes = torch.randn(2, 1, 4, 64), torch.nn.functional.normalize(torch.randn(5, 3, 64), dim=-1)
    by_probability = ZeroShotCLIP(
        backbone=ClipSettings("tiny-clip", "random"), scoring=Scoring("mean_pooled_cosine", "probability")
    )
    each = torch.stack([by_probability.score(frames, classes[:, [p]]).softmax(dim=1) for p in range(3)])
    assert_close(by_probability.score(frames, classes).softmax(dim=1), each.mean(dim=0))
    by_embedding = ZeroShotCLIP(
        backbone=ClipSettings("tiny-clip", "random"), scoring=Scoring("mean_pooled_cosine", "embedding")
    )
    mean = torch.nn.functional.normalize(classes.mean(dim=1, keepdim=True), dim=-1)
    assert_close(by_embedding.score(frames, classes), by_embedding.score(frames, mean))


def test_frozen_backbone_stays_in_evaluation_mode() -> None:
    model = tiny_t2l().train()
    assert model.visual_blocks.training
    assert not any(module.training for module in model.backbone.modules())


def test_training_and_validation_log_what_they_should(tmp_path: Path, video_tree: Path) -> None:
    run = trainer(tmp_path, max_epochs=1, num_sanity_val_steps=0)
    run.fit(tiny_t2l(), datamodule=data(video_tree))
    logged = {"train/loss", "train/contrastive", "train/temporal_feature_diversity", "train/top1"}
    assert logged | {"train/substituted_videos", "val/top1", "val/cross_entropy"} <= set(run.callback_metrics)
    terms = run.callback_metrics["train/contrastive"] + run.callback_metrics["train/temporal_feature_diversity"]
    assert_close(run.callback_metrics["train/loss"], terms)
    assert run.callback_metrics["val/n_evaluated"] == 4  # of 4 training videos a class, 1 is held out


def test_class_embeddings_follow_the_text_adapters(tmp_path: Path, video_tree: Path) -> None:
    model = tiny_t2l(optimization=Optimization(learning_rate=1e-2))
    module = data(video_tree)
    run = trainer(tmp_path, max_epochs=1)
    run.validate(model, datamodule=module, verbose=False)
    prompts = model.class_texts["validate"][0].prompts
    before = model.class_embeddings.cached(prompts, model.device)
    run.fit(model, datamodule=module)
    model.eval()
    after = model.class_embeddings.cached(prompts, model.device)
    assert (after - before).abs().max() > 1e-4
    model.class_embeddings.forget()
    assert_close(after, model.class_embeddings.cached(prompts, model.device))


def test_frozen_text_is_embedded_once(tmp_path: Path, video_tree: Path) -> None:
    model = tiny_t2l(text_adapters=False)
    calls = 0
    embed_text = model.embed_text

    def counting(tokens: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        return embed_text(tokens)

    model.embed_text = counting  # type: ignore[method-assign]
    trainer(tmp_path, max_epochs=2).fit(model, datamodule=data(video_tree))
    assert calls == 1


def chosen_in_training(model: ActionRecognizer, text: ClassText, classes: Tensor | None = None) -> Tensor:
    chosen = choose_prompts(text, classes, draws=not model.scoring.trains_with_all)
    return model.class_embeddings.chosen(chosen, model.device, cached=not model.text_is_trained)


def test_one_of_several_prompts_is_drawn_in_training() -> None:
    model = tiny_t2l(drop_rate=0.0)
    text = ClassText("train", ("a", "b"), (("a one", "a two"), ("b one", "b two")), "test")
    drawn = torch.stack([chosen_in_training(model, text).detach() for _ in range(20)])
    assert drawn.shape == (20, 2, 1, 64)
    assert all(len(drawn[:, c].unique(dim=0)) == 2 for c in range(2))


class OnAxes(FineTunedCLIP):
    """Embeds "a one", "a two", "b one", "b two" along an axis each."""

    def embed_text(self, tokens: Tensor) -> Tensor:
        known = self.backbone.tokenize(["a one", "a two", "b one", "b two"])
        axes = torch.eye(4, 64, requires_grad=True)
        return torch.stack([axes[(known == row).all(dim=1).nonzero().item()] for row in tokens])


@pytest.mark.parametrize("tune", ["both", "visual"])
def test_averaged_prompts_are_averaged_in_training_too(tune: Literal["both", "visual"]) -> None:
    """The mean of two prompts is at 45 degrees to both; one drawn prompt is at 0 or at 90 degrees."""
    text = ClassText("train", ("a", "b"), (("a one", "a two"), ("b one", "b two")), "test")
    cosines = {}
    for prompts in get_args(TrainingPrompts):
        scoring = Scoring("mean_pooled_cosine", "embedding", prompts)
        model = OnAxes(backbone=TrainedClipSettings("tiny-clip", "random"), scoring=scoring, tune=tune)
        embeddings = chosen_in_training(model, text)
        scores = model.score(torch.eye(4, 64)[None, None, :1], embeddings) / model.backbone.logit_scale
        cosines[prompts] = [round(float(score), 4) for score in scores[0]]
    assert cosines["all"] == [0.7071, 0.0]
    assert cosines["drawn"] in ([1.0, 0.0], [0.0, 0.0])


@pytest.mark.parametrize("weights", [{"text_adapters": True}, {"text_adapters": False}])
def test_all_prompts_of_the_chosen_classes_interact_in_training(weights: dict[str, object]) -> None:
    model = tiny_t2l(drop_rate=0.0, scoring=Scoring("late_interaction", "probability"), **weights)
    text = ClassText("train", ("a", "b", "c"), (("a one", "a two"), ("b one", "b two"), ("c one", "c two")), "test")
    everything = chosen_in_training(model, text)
    assert everything.shape == (3, 2, 64)
    some = chosen_in_training(model, text, torch.tensor([0, 2]))
    assert_close(some, everything[[0, 2]])


def test_late_interaction_lets_the_frames_of_all_views_meet_all_prompts() -> None:
    model = ZeroShotCLIP(
        backbone=ClipSettings("tiny-clip", "random"), scoring=Scoring("late_interaction", "embedding")
    ).eval()
    frames, classes = torch.randn(2, 3, 4, 64), torch.nn.functional.normalize(torch.randn(5, 6, 64), dim=-1)
    normalized = torch.nn.functional.normalize(frames.flatten(1, 2), dim=-1)
    similarities = torch.einsum("bvd,cpd->bcvp", normalized, classes)
    by_hand = (similarities.amax(3).mean(2) + similarities.amax(2).mean(2)) / 2
    scores = model.score(frames, classes)
    assert scores.shape == (2, 5)
    assert_close(scores, model.backbone.logit_scale * by_hand)


FRAMES = torch.randint(256, (4, 1, 4, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
FOUR_VIDEOS = VideoBatch(FRAMES, torch.arange(4), torch.arange(4), torch.zeros(4, dtype=torch.bool))


class SameVideos(LightningDataModule):
    """Four videos, which each of the eight batches of an epoch consists of; four prompts a class."""

    def class_text(self, stage: str) -> list[ClassText]:
        names = ("red", "green", "blue", "white", "black", "grey")
        return [ClassText("train", names, tuple(tuple(f"{n} {k}" for k in "abcd") for n in names), "test")]

    def train_dataloader(self) -> DataLoader[VideoBatch]:
        return DataLoader([FOUR_VIDEOS] * 8, batch_size=None)  # type: ignore[arg-type]


@pytest.mark.parametrize("accumulated", [1, 2])
def test_what_a_batch_draws_depends_on_seed_epoch_index_and_process_alone(
    tmp_path: Path, accumulated: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny_t2l()
    model.trainer = run = trainer(tmp_path, accumulate_grad_batches=accumulated)

    def drawn(seed: int = 5, epoch: int = 1, batch_idx: int = 3, process: int = 0) -> float:
        os.environ["PL_GLOBAL_SEED"] = str(seed)
        run.fit_loop.epoch_progress.current.processed = epoch
        monkeypatch.setattr(T2L, "global_rank", process)
        model.on_train_batch_start(FOUR_VIDEOS, batch_idx)
        return float(torch.rand(()))

    first = drawn()
    others = [drawn(seed=6), drawn(epoch=2), drawn(batch_idx=4), drawn(process=1), drawn(epoch=3, batch_idx=1)]
    assert len({first, *others}) == 6
    assert drawn() == first


NOTHING_DRAWN: dict[str, dict[str, object]] = {
    "T2L": {"drop_rate": 0.0, "temporal_token_dropout": 0.0, "scoring": Scoring("late_interaction"), "n_frames": 4},
    "FineTunedCLIP": {"mixing": Mixing(0.0, 0.0), "scoring": Scoring("late_interaction")},
    "APCLIP": {"mixing": Mixing(0.0, 0.0)},
    "BIKE": {"scoring": Scoring("concept_spotting", training_prompts="all")},
    "OpenVCLIP": {"interpolated_regularization": None},
    "TACO": {"structure": None, "scoring": Scoring("mean_pooled_cosine", "embedding", "all")},
}
DRAWS: list[tuple[type[ActionRecognizer], str, dict[str, object]]] = [
    (T2L, "dropped paths and attention", {"drop_rate": 0.5}),
    (T2L, "dropped values of tokens", {"temporal_token_dropout": 0.5}),
    (T2L, "prompts", {"scoring": Scoring("mean_pooled_cosine")}),
    (FineTunedCLIP, "mixup shares", {"mixing": Mixing(mixup_alpha=1.0, cutmix_alpha=0.0)}),
    (FineTunedCLIP, "CutMix boxes", {"mixing": Mixing(mixup_alpha=0.0, cutmix_alpha=1.0)}),
    (FineTunedCLIP, "prompts", {"scoring": Scoring("mean_pooled_cosine", "probability")}),
    (FineTunedCLIP, "negative classes", {"n_negative_classes": 1}),
    (APCLIP, "mixup shares", {"mixing": Mixing(mixup_alpha=1.0, cutmix_alpha=0.0)}),
    (APCLIP, "CutMix boxes", {"mixing": Mixing(mixup_alpha=0.0, cutmix_alpha=1.0)}),
    (APCLIP, "prompts", {"scoring": Scoring("mean_pooled_cosine", "probability")}),
    (APCLIP, "negative classes", {"n_negative_classes": 1}),
    (BIKE, "prompts", {"scoring": Scoring("concept_spotting")}),
    (OpenVCLIP, "prompts", {"scoring": Scoring("mean_frame_cosine", "probability")}),
    (TACO, "prompts", {"scoring": Scoring("mean_pooled_cosine", "probability")}),
]


def losses_of_an_update(path: Path, kind: type[ActionRecognizer], **arguments: object) -> list[float]:
    """Losses of the same videos in the eight batches of one update, before which the weights stand still."""
    settings = {"backbone": TrainedClipSettings("tiny-clip", "random"), **NOTHING_DRAWN[kind.__name__], **arguments}
    model, losses = kind(**settings), []  # type: ignore[arg-type, var-annotated]
    step = model.training_step

    def watched(batch: VideoBatch, batch_idx: int) -> Tensor:
        losses.append(float(loss := step(batch, batch_idx)))
        return loss

    model.training_step = watched  # type: ignore[method-assign]
    trainer(path, max_epochs=1, accumulate_grad_batches=8, limit_val_batches=0).fit(model, datamodule=SameVideos())
    assert len(losses) == 8
    return losses


@pytest.mark.parametrize(("kind", "what", "arguments"), DRAWS, ids=[f"{k.__name__}, {w}" for k, w, _ in DRAWS])
def test_batches_whose_gradients_are_accumulated_draw_each_for_itself(
    tmp_path: Path, kind: type[ActionRecognizer], what: str, arguments: dict[str, object]
) -> None:
    losses = losses_of_an_update(tmp_path, kind, **arguments)
    # One of two negative classes, a box that is empty or an attention that keeps all may come twice.
    assert len(set(losses)) >= (2 if what == "negative classes" else 6), losses


@pytest.mark.parametrize("kind", [T2L, FineTunedCLIP, APCLIP, BIKE, OpenVCLIP, TACO])
def test_where_nothing_is_drawn_they_are_alike(tmp_path: Path, kind: type[ActionRecognizer]) -> None:
    assert len(set(losses_of_an_update(tmp_path, kind))) == 1


def test_every_recognizer_that_trains_is_among_them() -> None:
    for module in pkgutil.walk_packages(zsar.lightning_modules.__path__, "zsar.lightning_modules."):
        importlib.import_module(module.name)
    ours, seen = [ActionRecognizer], set()
    while ours:
        ours += (children := ours.pop().__subclasses__())
        seen |= {kind for kind in children if kind.__module__.startswith("zsar.lightning_modules.")}
    trained = {
        kind
        for kind in seen
        if not isabstract(kind)
        and any(p.requires_grad for p in kind(backbone=TrainedClipSettings("tiny-clip", "random")).parameters())
    }
    assert trained == {kind for kind, _, _ in DRAWS}
