from pathlib import Path

import pytest
import torch
from lightning.pytorch import Trainer
from torch.testing import assert_close

from datamodules.settings import Clips, Loading
from datamodules.video_folder import VideoFolder
from lightning_modules.clip import ZeroShotCLIP


def test_zero_shot_clip_equals_open_clip_on_the_mean_of_the_frames() -> None:
    model = ZeroShotCLIP(architecture="tiny-clip", weights="random").eval()
    video = torch.randint(256, (2, 1, 4, 3, 32, 32), dtype=torch.uint8)
    tokens = model.backbone.tokenize(["a red circle", "a blue cross", "x"])
    clip = model.backbone.clip
    frames = clip.encode_image(model.backbone.normalize_frames(video).flatten(0, 2)).unflatten(0, (2, 4)).mean(dim=1)
    image, text = (torch.nn.functional.normalize(x, dim=-1) for x in (frames, clip.encode_text(tokens)))
    embeddings = torch.nn.functional.normalize(model.embed_text(tokens), dim=-1)[:, None]
    assert_close(model(video, embeddings), clip.logit_scale.exp() * image @ text.T, atol=1e-5, rtol=1e-5)


def test_nothing_of_it_is_trained(video_tree: Path, tmp_path: Path) -> None:
    model = ZeroShotCLIP(architecture="tiny-clip", weights="random")
    assert not any(p.requires_grad for p in model.parameters())
    data = VideoFolder(train=video_tree, clips=Clips(n_frames=4, image_size=32), loading=Loading(n_workers=0))
    run = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, max_epochs=1, default_root_dir=tmp_path)
    with pytest.raises(ValueError, match="ZeroShotCLIP has nothing to train; use `zsar test`"):
        run.fit(model, datamodule=data)


@pytest.mark.parametrize("architecture", ["RN50-quickgelu", "ViT-B-16-SigLIP"])
def test_towers_of_other_kinds_will_do(architecture: str) -> None:
    with torch.device("meta"):
        model = ZeroShotCLIP(architecture=architecture, weights="random").eval()
        size = model.backbone.image_size[0]
        frames = model.embed_frames(torch.zeros(1, 2, 3, size, size))
    assert frames.shape == (1, 2, model.backbone.embedding_width)
