"""A training with the term: the teacher beside the weights of each update. `test_resumption` has resumed trainings."""

from pathlib import Path

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor
from torch.testing import assert_close

from tests.reference import taco as page
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading, Split
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.recognition.structure.structure_distillation import StructureDistillation
from zsar.lightning_modules.t2l.t2l import T2L
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError
from zsar.lightning_modules.training.optimization import Optimization

N_ANCHORS = 25


def t2l(structure: StructureDistillation | None) -> T2L:
    torch.manual_seed(0)
    return T2L(
        backbone=TrainedClipSettings("tiny-clip", "random"),
        n_frames=2,
        structure=structure,
        optimization=Optimization(learning_rate=1e-2),
    )


def trainer(folder: Path, *callbacks: Callback, max_epochs: int = 2) -> Trainer:
    return Trainer(
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        callbacks=list(callbacks),
        max_epochs=max_epochs,
        accumulate_grad_batches=2,
        num_sanity_val_steps=0,
        limit_train_batches=4,
        default_root_dir=folder,
    )


def data(video_tree: Path) -> VideoFolder:
    return VideoFolder(
        train=video_tree,
        clips=Clips(n_frames=2, image_size=32),
        split=Split(held_out_fraction=0.2),
        loading=Loading(batch_size=2, n_workers=0),
    )


class Averaging(Callback):
    """The average by the restatement beside the teacher after each batch."""

    def __init__(self, momentum: float) -> None:
        self.momentum, self.expected, self.n_checked = momentum, dict[str, Tensor](), 0

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: object, batch_idx: int) -> None:
        weights = {name: p.detach().clone() for name, p in pl_module.named_parameters() if p.requires_grad}
        if not self.expected:
            self.expected = weights
        if batch_idx % trainer.accumulate_grad_batches == 0:
            self.expected = page.averaged(self.expected, weights, self.momentum)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: object, batch: object, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, T2L)
        assert pl_module.structure_term.teacher is not None
        assert_close(pl_module.structure_term.teacher.values, self.expected)
        assert pl_module.training
        self.n_checked += 1


def test_the_teacher_is_moved_once_an_update_by_the_weights_before_it(video_tree: Path, tmp_path: Path) -> None:
    callback = Averaging(0.6)
    model = t2l(StructureDistillation(n_anchors=N_ANCHORS, teacher_momentum=0.6))
    run = trainer(tmp_path, callback)
    run.fit(model, datamodule=data(video_tree))
    assert callback.n_checked == 8
    assert float(run.callback_metrics["train/structure"]) > 0
    run.save_checkpoint(tmp_path / "whole.ckpt")
    run.save_checkpoint(tmp_path / "weights.ckpt", weights_only=True)
    whole, weights = (torch.load(tmp_path / f"{n}.ckpt", weights_only=True) for n in ("whole", "weights"))
    assert whole["structure_teacher"]["step"] == 3
    assert "structure_teacher" not in weights
    assert whole["state_dict"].keys() == weights["state_dict"].keys() == whole["structure_teacher"]["values"].keys()
    run.test(model, data(video_tree), ckpt_path=tmp_path / "whole.ckpt", verbose=False)  # needs none
    with pytest.raises(CheckpointError, match=r"whole.ckpt has a teacher of .* '\{weight: 0.4\}'"):
        trainer(tmp_path, max_epochs=3).fit(t2l(None), datamodule=data(video_tree), ckpt_path=tmp_path / "whole.ckpt")
    first = model.structure_term.teacher
    trainer(tmp_path, max_epochs=1).fit(model, datamodule=data(video_tree))
    assert model.structure_term.teacher is not first  # another training has one of its own


def test_with_weight_0_a_training_is_one_without_it_to_the_bit(video_tree: Path, tmp_path: Path) -> None:
    trained = []
    for structure in (None, StructureDistillation(weight=0.0, n_anchors=N_ANCHORS)):
        model = t2l(structure)
        trainer(tmp_path, max_epochs=1).fit(model, datamodule=data(video_tree))
        trained.append({name: p.detach() for name, p in model.named_parameters()})
    for name, values in trained[0].items():
        assert torch.equal(trained[1][name], values), name
