"""Tiny CLIP models whose visual tower is one of timm, with random weights: nothing is downloaded."""

import json
from pathlib import Path

from tests.makers.models.changed_architectures import changed_config


def timm_config(folder: Path, *, model: str = "test_vit", pool: str = "token", image_size: int = 160) -> Path:
    """A model config with a tower of timm.

    Args:
        folder: Where to write it; open_clip tells models by the names of their files.
        model: timm's name of it; `test_vit` is its smallest ViT.
        pool: How it pools: "token", "avg" or "map".
        image_size: That of the tower.
    """
    path = changed_config(folder / f"{model}-{pool}-{image_size}.json")
    config = json.loads(path.read_text())
    config["vision_cfg"] = {
        "image_size": image_size,
        "timm_model_name": model,
        "timm_model_pretrained": False,
        "timm_pool": pool,
        "timm_proj": "linear",
    }
    path.write_text(json.dumps(config))
    return path
