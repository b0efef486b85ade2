from dataclasses import replace
from pathlib import Path

import pytest
import torch

from zsar.lightning_modules.bike.bike import BIKE
from zsar.lightning_modules.clip.clip import FineTunedCLIP, ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings, TrainedClipSettings
from zsar.lightning_modules.open_clip_towers.tower_hash import TowerCheck, tower_hash, tower_record
from zsar.lightning_modules.open_vclip.open_vclip import OpenVCLIP
from zsar.lightning_modules.recognition.scoring import Scoring
from zsar.lightning_modules.t2l.t2l import T2L


@pytest.fixture
def frozen(tiny_weights: Path) -> ZeroShotCLIP:
    return ZeroShotCLIP(backbone=ClipSettings("tiny-clip", str(tiny_weights)))


def test_text_tower_scale_and_scorer_do_not_count(frozen: ZeroShotCLIP, tiny_weights: Path) -> None:
    other = FineTunedCLIP(
        backbone=TrainedClipSettings("tiny-clip", str(tiny_weights)), scoring=Scoring("late_interaction"), tune="text"
    )
    with torch.no_grad():
        other.backbone.clip.logit_scale += 1
        other.backbone.clip.ln_final.weight += 1
    assert tower_hash(other) == tower_hash(frozen)


def test_each_visual_tensor_counts(frozen: ZeroShotCLIP) -> None:
    seen = {tower_hash(frozen)}
    tensors = list(frozen.backbone.clip.visual.parameters())
    for tensor in tensors:
        with torch.no_grad():
            tensor.view(-1)[0] += 1
        seen.add(tower_hash(frozen))
    assert len(seen) == len(tensors) + 1


def test_temporal_tokens_and_visual_adapters_count_but_not_those_of_the_text(tiny_weights: Path) -> None:
    model = T2L(backbone=TrainedClipSettings("tiny-clip", str(tiny_weights)), n_frames=2)
    before = tower_hash(model)
    assert model.text_blocks is not None
    with torch.no_grad():
        next(model.text_blocks.parameters()).add_(1)
    assert tower_hash(model) == before
    with torch.no_grad():
        next(model.visual_blocks.parameters()).add_(1)
    assert tower_hash(model) != before


def test_the_check_accepts_its_own_tower_until_a_weight_changes(frozen: ZeroShotCLIP) -> None:
    check, record = TowerCheck(), tower_record(frozen)
    check.check(frozen, record)
    with torch.no_grad():
        next(frozen.backbone.clip.visual.parameters()).add_(1)
    with pytest.raises(ValueError, match=r"the visual tower of ZeroShotCLIP of tiny-clip .*; test the model that"):
        check.check(frozen, record)


def test_other_statistics_are_named(frozen: ZeroShotCLIP) -> None:
    record = replace(tower_record(frozen), frame_std="1 1 1")
    with pytest.raises(ValueError, match="normalized with the std 1 1 1, but this run's model takes 0"):
        TowerCheck().check(frozen, record)


def test_the_weights_are_named_however_the_settings_are_kept(frozen: ZeroShotCLIP, tiny_weights: Path) -> None:
    assert tower_record(frozen).weights == str(tiny_weights)
    frozen.hparams["backbone"] = {"architecture": "tiny-clip", "weights": str(tiny_weights)}  # as LightningCLI does
    assert tower_record(frozen).weights == str(tiny_weights)
    assert tower_record(frozen).described.startswith(f"ZeroShotCLIP of tiny-clip {tiny_weights} (tower ")


def test_frames_that_one_model_embeds_in_two_ways_are_refused_by_name(tiny_weights: Path) -> None:
    settings = TrainedClipSettings("tiny-clip", str(tiny_weights))
    bike = BIKE(backbone=settings)
    stored = tower_record(bike)
    bike.frame_source = "visual_tower"
    with pytest.raises(
        ValueError, match=r"of BIKE of tiny-clip .*, but this run's is of BIKE without the head of tiny-"
    ):
        TowerCheck().check(bike, stored)
    of_single = tower_record(OpenVCLIP(backbone=settings, neighbour_attention=False))
    with pytest.raises(
        ValueError, match="of OpenVCLIP without neighbouring frames of tiny-clip .*, but this run's is of OpenVCLIP of"
    ):
        TowerCheck().check(OpenVCLIP(backbone=settings), of_single)
