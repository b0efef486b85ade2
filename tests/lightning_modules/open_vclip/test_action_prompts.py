"""AP-CLIP's action prompts over Open-VCLIP without training: configs/model/open_vclip_action_prompts.yaml."""

from pathlib import Path

import pytest
import torch
import yaml
from torch import Tensor

from tests.reference import late_interaction as reference
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.open_vclip import OpenVCLIP
from zsar.lightning_modules.recognition.scoring import Scorer, Scoring

CONFIG = Path(__file__).parents[3] / "configs" / "model" / "open_vclip_action_prompts.yaml"
ACTION_PROMPTS = [["red ball rolls", "a ball", "red"], ["dog runs", "a dog on grass", "four legs"]]


@pytest.mark.parametrize("scorer", ["late_interaction", "mean_frame_cosine"])
def test_both_readings_score_the_frames_of_the_test_s_weights(scorer: Scorer) -> None:
    """All frames of all views against all prompts; or each view's mean cosine with the mean of the prompts, summed."""
    stated = yaml.safe_load(CONFIG.read_text())["init_args"]
    assert stated["scoring"]["scorer"] == "late_interaction"
    torch.manual_seed(0)
    model = OpenVCLIP(
        backbone=TrainedClipSettings("tiny-clip", "random"),
        scoring=Scoring(**{**stated["scoring"], "scorer": scorer}),
        tuned_share=stated["tuned_share"],
    ).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                parameter.add_(0.1 * torch.randn_like(parameter) if name.startswith("backbone.clip.visual") else 1.0)
    model.prepare_inference()
    pixels = torch.randint(256, (2, 3, 4, 3, 32, 32), dtype=torch.uint8)
    with torch.no_grad():
        frames = model.embed_views(pixels)
        classes = model.class_embeddings.cached(tuple(map(tuple, ACTION_PROMPTS)), model.device)
        logits = model(pixels, classes)
    scale = model.backbone.clip.logit_scale.exp()
    expected = (by_interaction if scorer == "late_interaction" else by_mean_prompt)(frames, classes)
    torch.testing.assert_close(logits, scale * expected, atol=1e-4, rtol=0)


def by_interaction(frames: Tensor, classes: Tensor) -> Tensor:
    return torch.tensor(reference.late_interaction(frames.flatten(1, 2).tolist(), classes.tolist()))


def by_mean_prompt(frames: Tensor, classes: Tensor) -> Tensor:
    rows = []
    for video in frames:
        row = []
        for prompts in classes:
            mean = prompts.mean(dim=0)
            cosines = [torch.stack([frame @ mean / (frame.norm() * mean.norm()) for frame in view]) for view in video]
            row.append(torch.stack([of_view.mean() for of_view in cosines]).sum())
        rows.append(torch.stack(row))
    return torch.stack(rows)
