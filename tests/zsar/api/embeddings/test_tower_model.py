from dataclasses import replace
from pathlib import Path

import pytest

from tests.makers.files.embedding_files import TOWER
from zsar.api.embeddings.tower_model import model_of_tower
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.tower_hash import tower_hash, tower_record


@pytest.mark.parametrize("statistics", ["model", "imagenet"])
def test_the_model_is_the_one_that_embedded(tiny_weights: Path, statistics: str) -> None:
    settings = ClipSettings("tiny-clip", str(tiny_weights), frame_statistics=statistics)  # type: ignore[arg-type]
    model = ZeroShotCLIP(backbone=settings)
    built = model_of_tower(tower_record(model))
    assert tower_hash(built) == tower_hash(model)
    assert built.backbone.frame_mean.equal(model.backbone.frame_mean)


def test_a_checkpoint_that_has_moved_is_asked_for() -> None:
    with pytest.raises(ValueError, match=r"checkpoint gone\.ckpt, which is not there; give --checkpoint FILE"):
        model_of_tower(replace(TOWER, checkpoint="gone.ckpt"))
