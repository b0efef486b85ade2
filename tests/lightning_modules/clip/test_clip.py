import shutil
from pathlib import Path

import pytest
import torch
from lightning.pytorch import Trainer
from torch.testing import assert_close

from zsar.datamodules.clip_dataset import EvaluationClips
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.settings import Clips, Loading, Split
from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.views.frame_sampling import multi_clip_indices
from zsar.datamodules.views.transforms import TestTransform
from zsar.lightning_modules.clip.clip import FineTunedCLIP, ZeroShotCLIP
from zsar.lightning_modules.clip.interpolated_regularization import InterpolatedRegularization
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings, TrainedClipSettings
from zsar.lightning_modules.recognition.loading import load_recognizer
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError
from zsar.lightning_modules.training.optimization import Optimization


def test_zero_shot_clip_equals_open_clip_on_the_mean_of_the_frames() -> None:
    model = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random")).eval()
    video = torch.randint(256, (2, 1, 4, 3, 32, 32), dtype=torch.uint8)
    tokens = model.backbone.tokenize(["a red circle", "a blue cross", "x"])
    clip = model.backbone.clip
    frames = clip.encode_image(model.backbone.normalize_frames(video).flatten(0, 2)).unflatten(0, (2, 4)).mean(dim=1)
    image, text = (torch.nn.functional.normalize(x, dim=-1) for x in (frames, clip.encode_text(tokens)))
    embeddings = torch.nn.functional.normalize(model.embed_text(tokens), dim=-1)[:, None]
    assert_close(model(video, embeddings), clip.logit_scale.exp() * image @ text.T, atol=1e-5, rtol=1e-5)


def test_nothing_of_it_is_trained(video_tree: Path, tmp_path: Path) -> None:
    model = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random"))
    assert not any(p.requires_grad for p in model.parameters())
    data = VideoFolder(train=video_tree, clips=Clips(n_frames=4, image_size=32), loading=Loading(n_workers=0))
    run = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, max_epochs=1, default_root_dir=tmp_path)
    with pytest.raises(ValueError, match="ZeroShotCLIP has nothing to train; use `zsar test`"):
        run.fit(model, datamodule=data)


@pytest.mark.parametrize("architecture", ["RN50-quickgelu", "ViT-B-16-SigLIP"])
def test_towers_of_other_kinds_will_do(architecture: str) -> None:
    with torch.device("meta"):
        model = ZeroShotCLIP(backbone=ClipSettings(architecture, "random")).eval()
        size = model.backbone.image_size[0]
        frames = model.embed_frames(torch.zeros(1, 2, 3, size, size))
    assert frames.shape == (1, 2, model.backbone.embedding_width)


# --- FineTunedCLIP ----------------------------------------------------------------------------------------------------


def fine_tuned(**arguments: object) -> FineTunedCLIP:
    torch.manual_seed(0)
    return FineTunedCLIP(**{"backbone": TrainedClipSettings("tiny-clip", "random"), **arguments})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("tune", "visual", "text"), [("both", True, True), ("visual", True, False), ("text", False, True)]
)
def test_the_towers_asked_for_are_tuned_but_never_the_token_embedding(tune: str, visual: bool, text: bool) -> None:
    model = fine_tuned(tune=tune)
    trained = {name.removeprefix("backbone.clip."): p.requires_grad for name, p in model.named_parameters()}
    assert all(grad == visual for name, grad in trained.items() if name.startswith("visual."))
    assert all(trained[name] == text for name in ("ln_final.weight", "text_projection", "positional_embedding"))
    assert trained["logit_scale"] == (tune == "both")
    assert fine_tuned(tune=tune, logit_scale="trained").backbone.clip.logit_scale.requires_grad
    assert not trained["token_embedding.weight"]
    assert model.text_is_trained == text


def test_a_checkpoint_with_a_trained_logit_scale_is_loaded_only_where_it_is_trained(
    video_tree: Path, tmp_path: Path, tiny_weights: Path
) -> None:
    backbone = TrainedClipSettings("tiny-clip", str(tiny_weights))
    scaled = fine_tuned(tune="visual", logit_scale="trained", backbone=backbone)
    run = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, max_epochs=1, default_root_dir=tmp_path)
    run.fit(scaled, datamodule=data(video_tree))
    path = tmp_path / "scale.ckpt"
    run.save_checkpoint(path)
    run.test(scaled, data(video_tree), ckpt_path=path, verbose=False)
    with pytest.raises(CheckpointError, match=r"scale.ckpt holds a trained logit scale, .* give --model.logit"):
        run.test(fine_tuned(tune="visual", backbone=backbone), data(video_tree), ckpt_path=path, verbose=False)
    checkpoint = torch.load(path, weights_only=True)
    del checkpoint["zsar"]["init_args"]["logit_scale"]  # as older versions wrote it
    torch.save(checkpoint, path)
    assert load_recognizer(path).get_parameter("backbone.clip.logit_scale").requires_grad


def test_a_checkpoint_of_other_frame_statistics_is_rejected(video_tree: Path, tmp_path: Path) -> None:
    theirs = TrainedClipSettings("tiny-clip", "random", frame_statistics="imagenet")
    run = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, max_epochs=1, default_root_dir=tmp_path)
    run.fit(fine_tuned(backbone=theirs), datamodule=data(video_tree))
    path = tmp_path / "imagenet.ckpt"
    run.save_checkpoint(path)
    with pytest.raises(
        CheckpointError, match=r"'imagenet', but the model has 'openai'; give --model.backbone.frame_st"
    ):
        run.test(fine_tuned(), data(video_tree), ckpt_path=path, verbose=False)
    run.test(fine_tuned(backbone=theirs), data(video_tree), ckpt_path=path, verbose=False)


def test_untuned_it_scores_as_frozen_clip_does() -> None:
    model = fine_tuned().eval()
    frozen = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random")).eval()
    frozen.load_state_dict(model.state_dict())
    video = torch.randint(256, (2, 1, 4, 3, 32, 32), dtype=torch.uint8)
    classes = torch.nn.functional.normalize(torch.randn(5, 1, 64), dim=-1)
    assert_close(model(video, classes), frozen(video, classes))


def test_negative_classes_are_drawn_beside_those_of_the_batch() -> None:
    model = fine_tuned(n_negative_classes=2)
    draws = [model.training_classes(torch.tensor([7, 3, 3]), 10) for _ in range(30)]
    assert all(draw is not None and len(draw) == 4 and {3, 7} <= set(draw.tolist()) for draw in draws)
    assert all(draw is not None and draw.tolist() == sorted(draw.tolist()) for draw in draws)
    assert len({tuple(draw.tolist()) for draw in draws if draw is not None}) > 5
    everything = fine_tuned(n_negative_classes=99).training_classes(torch.tensor([1]), 4)
    assert everything is not None
    assert everything.tolist() == [0, 1, 2, 3]
    assert fine_tuned().training_classes(torch.tensor([1]), 4) is None


def test_the_loss_has_smoothed_soft_targets() -> None:
    logits, shares = torch.randn(3, 4), torch.tensor([[0.3, 0.7, 0, 0], [1, 0, 0, 0], [0, 0, 0.5, 0.5]])
    loss = fine_tuned(label_smoothing=0.2).losses(logits, torch.empty(0), shares)["contrastive"]
    targets = 0.8 * shares + 0.2 / 4
    assert_close(loss, -(targets * logits.log_softmax(dim=1)).sum(dim=1).mean())


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_weights_lie_between_the_original_and_the_tuned_ones_while_testing(share: float) -> None:
    model = fine_tuned(tuned_share=share)
    name = "backbone.clip.visual.proj"
    original = model.get_parameter(name).detach().clone()
    with torch.no_grad():
        model.get_parameter(name).add_(1.0)
    tuned = model.get_parameter(name).detach().clone()
    model.prepare_inference()
    model.prepare_inference()
    assert_close(model.get_parameter(name).detach(), original + share)
    model.end_inference()
    assert torch.equal(model.get_parameter(name), tuned)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"label_smoothing": 1.0}, "label_smoothing must be at least 0 and below 1; got 1"),
        ({"tuned_share": 1.5}, "tuned_share is a share from 0 to 1; got 1.5"),
        ({"n_negative_classes": 0}, "n_negative_classes must be at least 1, or null for all; got 0"),
    ],
)
def test_numbers_out_of_range_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fine_tuned(**arguments)


def data(video_tree: Path) -> VideoFolder:
    copies = video_tree.parent / "copies"
    shutil.copytree(video_tree, copies, dirs_exist_ok=True)
    return VideoFolder(
        train=video_tree,
        test=copies,
        clips=Clips(n_frames=2, image_size=32),
        split=Split(held_out_fraction=0.2),
        loading=Loading(batch_size=8, n_workers=0),
    )


def test_training_with_the_whole_recipe_lowers_the_loss_and_a_checkpoint_brings_it_back(
    video_tree: Path, tmp_path: Path
) -> None:
    recipe = Optimization(learning_rate=1e-3, weight_decay=0.001, warmup_fraction=0.1, final_fraction=0.01)
    recomputing = TrainedClipSettings("tiny-clip", "random", gradient_checkpointing=True)
    model = fine_tuned(optimization=recipe, n_negative_classes=2, backbone=recomputing)
    run = Trainer(
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        max_epochs=12,
        accumulate_grad_batches=2,
        default_root_dir=tmp_path,
    )
    run.fit(model, datamodule=data(video_tree))
    (before,) = run.validate(model, datamodule=data(video_tree), verbose=False)
    assert before["val/top1"] == 100.0
    run.save_checkpoint(tmp_path / "tuned.ckpt")
    state = torch.load(tmp_path / "tuned.ckpt", weights_only=True)["state_dict"]
    assert "backbone.clip.token_embedding.weight" not in state
    again = fine_tuned(optimization=recipe)
    (after,) = run.validate(again, datamodule=data(video_tree), ckpt_path=str(tmp_path / "tuned.ckpt"), verbose=False)
    assert_close(after["val/cross_entropy"], before["val/cross_entropy"])


@pytest.mark.parametrize(("command", "figure"), [("test", "test/cross_entropy"), ("validate", "val/cross_entropy")])
def test_interpolated_weights_are_tested_and_afterwards_gone(
    command: str, figure: str, video_tree: Path, tmp_path: Path
) -> None:
    model = fine_tuned(tuned_share=0.0)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter))
    run = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, default_root_dir=tmp_path)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    (results,) = getattr(run, command)(model, datamodule=data(video_tree), verbose=False)
    plain = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random"))
    plain.load_state_dict(fine_tuned().state_dict())
    (expected,) = getattr(run, command)(plain, datamodule=data(video_tree), verbose=False)
    assert_close(results[figure], expected[figure])
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_training_starts_from_the_weights_of_another_run_and_keeps_clip_as_the_original(
    video_tree: Path, tmp_path: Path
) -> None:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    first = fine_tuned()
    run = Trainer(accelerator="cpu", max_epochs=1, default_root_dir=tmp_path, **quiet)  # type: ignore[arg-type]
    run.fit(first, datamodule=data(video_tree))
    run.save_checkpoint(tmp_path / "first.ckpt")
    second = fine_tuned(
        start_from=str(tmp_path / "first.ckpt"),
        tuned_share=0.5,
        interpolated_regularization=InterpolatedRegularization(),
        optimization=Optimization(learning_rate=1e-12),
    )
    original = second.backbone.clip.visual.proj.detach().clone()
    run = Trainer(accelerator="cpu", max_epochs=1, default_root_dir=tmp_path, **quiet)  # type: ignore[arg-type]
    run.fit(second, datamodule=data(video_tree))
    tuned = first.backbone.clip.visual.proj.detach()
    assert not torch.equal(tuned, original)
    assert_close(second.backbone.clip.visual.proj.detach(), tuned)
    assert torch.equal(second.original_weights()["visual.proj"], original)
    second.prepare_inference()
    assert_close(second.backbone.clip.visual.proj.detach(), (tuned + original) / 2)
    third = fine_tuned(start_from=str(tmp_path / "gone.ckpt"))
    with pytest.raises(CheckpointError, match=r"gone\.ckpt cannot be read"):
        run.fit(third, datamodule=data(video_tree))


def test_four_clips_of_three_crops_score_as_twelve_single_view_runs_averaged(video_tree: Path) -> None:
    table = VideoTable(video_tree, ["red dance/0.mp4", "blue dance/1.mp4"], [0, 1])
    views = EvaluationClips(table, TestTransform(32, n_crops=3), n_frames=3, n_clips=4)
    model = fine_tuned().eval()
    classes = torch.nn.functional.normalize(torch.randn(5, 1, 64), dim=-1)
    frames = torch.stack([views[i].frames for i in range(2)])
    assert frames.shape == (2, 12, 3, 3, 32, 32)
    single = []
    for clip in range(4):
        for crop in range(3):
            one = []
            for i in range(2):
                with VideoReader(table[i].path) as reader:
                    indices = multi_clip_indices(reader.n_frames, 3, 4)[clip]
                    one.append(TestTransform(32, n_crops=3)(reader.frames_at_indices(indices.tolist()))[crop])
            single.append(model(torch.stack(one)[:, None], classes).softmax(dim=1))
    assert_close(model(frames, classes).softmax(dim=1), torch.stack(single).mean(dim=0))
