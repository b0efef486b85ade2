from pathlib import Path

import pytest
import torch
from lightning.pytorch import Trainer
from torch.testing import assert_close

from zsar.datamodules.class_text.text_files import write_class_text
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading, Split, Text
from zsar.lightning_modules.ap_clip.ap_clip import APCLIP
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.clip.interpolated_regularization import InterpolatedRegularization
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings, TrainedClipSettings
from zsar.lightning_modules.recognition.structure.structure_distillation import StructureDistillation
from zsar.lightning_modules.training.optimization import Optimization


def ap_clip(**arguments: object) -> APCLIP:
    torch.manual_seed(0)
    return APCLIP(**{"backbone": TrainedClipSettings("tiny-clip", "random"), **arguments})  # type: ignore[arg-type]


def test_with_one_prompt_and_one_frame_it_scores_as_plain_clip() -> None:
    model = ap_clip().eval()
    plain = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random")).eval()
    plain.load_state_dict(model.state_dict())
    video = torch.randint(256, (3, 1, 1, 3, 32, 32), dtype=torch.uint8)
    classes = torch.nn.functional.normalize(torch.randn(5, 1, 64), dim=-1)
    assert_close(model(video, classes), plain(video, classes))


def test_it_may_keep_relative_structure_but_not_beside_another_second_loss() -> None:
    model = ap_clip(structure=StructureDistillation(n_anchors=25))
    assert model.structure_term.settings == StructureDistillation(n_anchors=25)
    with pytest.raises(ValueError, match=r"structure and interpolated_regularization .* \(--model.structure null\)"):
        ap_clip(structure=StructureDistillation(), interpolated_regularization=InterpolatedRegularization())
    ap_clip(structure=StructureDistillation(weight=0), interpolated_regularization=InterpolatedRegularization())


def test_every_prompt_counts() -> None:
    model = ap_clip().eval()
    frames, classes = torch.randn(2, 2, 3, 64), torch.nn.functional.normalize(torch.randn(4, 6, 64), dim=-1)
    whole = model.score(frames, classes)
    for prompt in range(6):
        fewer = classes[:, [p for p in range(6) if p != prompt]]
        assert not torch.allclose(model.score(frames, fewer), whole)


@pytest.mark.parametrize("n_negative_classes", [None, 1])
def test_it_learns_from_all_prompts_and_is_tested_on_all_views(
    video_tree: Path, tmp_path: Path, n_negative_classes: int | None
) -> None:
    colours = {"red dance": "red", "green dance": "green", "blue dance": "blue", "white dance": "white"}
    texts = {name: [f"all {colour}", f"bright {colour} light", "people who dance"] for name, colour in colours.items()}
    write_class_text(tmp_path / "texts.json", "description", data_set="dances", source="test", classes=texts)
    data = VideoFolder(
        train=video_tree,
        test=video_tree,
        clips=Clips(n_frames=2, image_size=32, n_test_clips=2, n_test_crops=3),
        split=Split(held_out_fraction=0.2),
        text=Text(descriptions=tmp_path / "texts.json"),
        loading=Loading(batch_size=8, n_workers=0),
    )
    model = ap_clip(
        n_negative_classes=n_negative_classes, optimization=Optimization(learning_rate=1e-3, weight_decay=0.001)
    )
    run = Trainer(
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        max_epochs=15,
        default_root_dir=tmp_path,
    )
    run.fit(model, datamodule=data)
    (results,) = run.test(model, datamodule=data, verbose=False)
    assert results["test/top1"] == 100.0
