from pathlib import Path

import torch

from zsar.api.embeddings.storing import embed_views
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings


def test_the_size_of_a_pass_does_not_change_the_embeddings(tiny_weights: Path) -> None:
    model = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", str(tiny_weights))).eval()
    frames = torch.randint(256, (2, 3, 4, 3, 32, 32), dtype=torch.uint8)
    whole = model.embed_views(frames)
    for frames_per_pass in (1, 5, 1000):
        parts = embed_views(model, frames, frames_per_pass=frames_per_pass)
        torch.testing.assert_close(parts, whole, atol=1e-5, rtol=1e-5)
