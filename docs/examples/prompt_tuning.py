"""Tunes the prompt of frozen CLIP to each test video (TPT), with a Trainer of your own."""

from lightning import Trainer, seed_everything

import zsar
from zsar.datamodules.settings import Clips, Loading
from zsar.datamodules.views import AugmentedViews
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings

VIDEOS = "my_videos"  # a folder per class, or a CSV file with the columns path,label
ARCHITECTURE = "ViT-B-16-quickgelu"
WEIGHTS = "openai"
FRAMES = 8
VIEWS = 16
WORKERS = 4
OUTPUT = "runs/my_prompt_tuning"


def main() -> None:
    """Tests with a prompt tuned to each video; the table shows the accuracy before and after."""
    seed_everything(0)
    videos = zsar.VideoFolder(
        train=VIDEOS,
        data_root=".",
        clips=Clips(n_frames=FRAMES, views=AugmentedViews(n_views=VIEWS)),
        loading=Loading(test_batch_size=2, n_workers=WORKERS),
    )
    model = zsar.ZeroShotCLIP(backbone=ClipSettings(architecture=ARCHITECTURE, weights=WEIGHTS))
    tuning = zsar.PromptTuning(method="TPT", confident_share=0.25)
    trainer = Trainer(callbacks=[tuning], default_root_dir=OUTPUT, logger=False)
    trainer.test(model, datamodule=videos)


if __name__ == "__main__":  # data loaders start processes, which import this file
    main()
