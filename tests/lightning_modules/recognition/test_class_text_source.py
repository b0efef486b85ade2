from pathlib import Path

import pytest
from lightning.pytorch import Trainer

from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings


def test_a_data_module_without_class_text_is_refused(tmp_path: Path) -> None:
    trainer = Trainer(
        default_root_dir=tmp_path,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
    )
    with pytest.raises(TypeError, match=r"ZeroShotCLIP needs a data module with class_text\(stage\)"):
        trainer.test(ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random")), dataloaders=[])
