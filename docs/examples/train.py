"""Trains T2L on a folder of videos with a Trainer of your own, then tests it."""

from lightning import Trainer, seed_everything

import zsar
from zsar.datamodules.settings import Clips, Loading
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings

VIDEOS = "my_videos"  # a folder per class, or a CSV file with the columns path,label
ARCHITECTURE = "ViT-B-16-quickgelu"
WEIGHTS = "openai"
FRAMES = 8
EPOCHS = 30
BATCH_SIZE = 16
WORKERS = 4
OUTPUT = "runs/my_trainer"


def main() -> None:
    """Trains, tests and prints the accuracies."""
    seed_everything(0)
    videos = zsar.VideoFolder(
        train=VIDEOS,
        data_root=".",
        clips=Clips(n_frames=FRAMES),
        loading=Loading(batch_size=BATCH_SIZE, n_workers=WORKERS),
    )
    model = zsar.T2L(backbone=ClipSettings(architecture=ARCHITECTURE, weights=WEIGHTS), n_frames=FRAMES)
    trainer = Trainer(max_epochs=EPOCHS, default_root_dir=OUTPUT)
    trainer.fit(model, datamodule=videos)
    trainer.test(model, datamodule=videos)
    trainer.save_checkpoint(f"{OUTPUT}/t2l.ckpt")


if __name__ == "__main__":  # data loaders start processes, which import this file
    main()
