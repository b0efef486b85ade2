"""An adaptation that is attached embeds what is tested and predicted, and nothing else."""

from pathlib import Path

import pytest
import torch
from lightning.pytorch import Trainer

from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.recognition.adaptation import BatchAdaptation
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch


class ReversedClasses:
    """Takes each class for the one at the same place from the end."""

    def __init__(self, model: ActionRecognizer) -> None:
        self.model = model
        self.n_batches = 0

    def adapt(self, batch: VideoBatch, text: ClassText) -> EmbeddedBatch:
        self.n_batches += 1
        plain = self.model.embed(batch, text)
        return EmbeddedBatch(plain.frames, (plain.class_texts[0].flip(0),))


@pytest.mark.parametrize("stage", ["test", "predict"])
def test_predictions_are_scored_from_what_the_adaptation_embeds(stage: str, tmp_path: Path, video_tree: Path) -> None:
    model = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random")).eval()
    module = VideoFolder(
        train=video_tree,
        test=video_tree,
        predict=video_tree,
        clips=Clips(n_frames=4, image_size=32),
        loading=Loading(batch_size=8, n_workers=0),
    )
    trainer = Trainer(accelerator="cpu", default_root_dir=tmp_path, logger=False, enable_progress_bar=False)

    def logits(adaptation: BatchAdaptation | None) -> torch.Tensor:
        model.adaptation = adaptation
        seen: list[torch.Tensor] = []
        step = "test_step" if stage == "test" else "predict_step"
        plain = getattr(type(model), step)

        def keeping(batch: VideoBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, torch.Tensor]:
            outputs: dict[str, torch.Tensor] = plain(model, batch, batch_idx, dataloader_idx)
            seen.append(outputs["logits"].clone())
            return outputs

        setattr(model, step, keeping)
        if stage == "test":
            trainer.test(model, datamodule=module, verbose=False)
        else:
            trainer.predict(model, datamodule=module, return_predictions=False)
        return torch.cat(seen)

    as_it_is, reverse = logits(None), ReversedClasses(model)
    torch.testing.assert_close(logits(reverse), as_it_is.flip(1))
    assert reverse.n_batches == len(as_it_is) // 8 + (len(as_it_is) % 8 > 0)
    torch.testing.assert_close(logits(None), as_it_is, rtol=0, atol=0)
