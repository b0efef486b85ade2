"""The pixels that a model is fed equal those of open_clip's own preprocessing, for one model of each family.

The weights are a file, which does not say how frames are made. A picture goes through everything that makes frames.
"""

from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torchvision.transforms import InterpolationMode

import zsar
from zsar.api.given_videos import clips_of, given_batches
from zsar.datamodules.settings import Clips
from zsar.datamodules.views.clip_pixels import transform_of
from zsar.datamodules.views.frame_geometry import square_frames
from zsar.datamodules.views.resizing import resized
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone

TINY = ("tiny-clip", "tiny-coca", "tiny-eva", "tiny-pe", "tiny-siglip")
REAL = ("ViT-B-16-quickgelu", "coca_ViT-B-32", "EVA02-B-16", "PE-Core-T-16-384", "ViT-B-16-SigLIP2", "MobileCLIP-B")
SIZES = [(120, 160), (270, 480), (96, 54), (45, 45), (20, 90)]
MOST: dict[str, tuple[int, float]] = {"bilinear": (1, 0.05), "bicubic": (2, 0.01)}
"""How far PIL's and torchvision's resizing are apart: levels of 255, and the share of values that differ.

Both round to whole levels after each side, and their weights to different fixed points. Bilinear weights are fractions
of small numbers (480 to 384 px: quarters and twelfths), so that many values lie halfway between two levels, where the
weights' last digits decide: 4.0 % differ there, and of the other sizes at most 2.1 %, by one level
(`test_bilinear_resizing_differs_only_halfway_between_levels`). Bicubic weights are cubes of these: 0.7 % differ.
"""


def picture(height: int, width: int) -> NDArray[np.uint8]:
    """Soft colours, hard edges and noise, as photographs have them: uint8 [H, W, 3]."""
    random = np.random.default_rng(height)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    image = np.stack([127 + 80 * np.sin(x / 37 + k) + 60 * np.cos(y / 23 - 0.7 * k) for k in range(3)], axis=-1)
    for _ in range(25):
        centre_x, centre_y, radius = (int(random.integers(*limits)) for limits in ((0, width), (0, height), (4, 40)))
        image[(x - centre_x) ** 2 + (y - centre_y) ** 2 < radius**2] = random.integers(0, 256, 3)
    return (image + random.normal(0, 12, image.shape)).clip(0, 255).astype(np.uint8)


def weights_file(architecture: str, folder: Path) -> str:
    """Random weights of a model as a file."""
    path = folder / f"{architecture}.pt"
    torch.save(OpenClipBackbone(architecture, "random").clip.state_dict(), path)
    return str(path)


def preprocessing_of_open_clip(architecture: str, image_size: int) -> Any:
    """open_clip's own, as for the weights of the architecture's first tag; of an included model what it states."""
    tags = open_clip.pretrained.list_pretrained_tags_by_model(architecture)
    if tags:
        stated = open_clip.pretrained.get_pretrained_cfg(architecture, tags[0])
    else:
        half = {"mean": (0.5,) * 3, "std": (0.5,) * 3, "resize_mode": "squash"}
        stated = {"tiny-siglip": half, "tiny-pe": {**half, "interpolation": "bilinear"}}.get(architecture, {})
    known = ("mean", "std", "resize_mode", "interpolation")
    return open_clip.image_transform(image_size, is_train=False, **{k: stated[k] for k in known if k in stated})


def fed(backbone: OpenClipBackbone, image: NDArray[np.uint8]) -> Tensor:
    """What the model is fed for a picture, [3, S, S]; with the short side of open_clip's crop, not of the papers'."""
    pixels, frames = backbone.frame_pixels, torch.from_numpy(image).permute(2, 0, 1)[None]
    short_side = pixels.image_size if pixels.geometry == "crop" else None
    transform = transform_of(Clips(test_short_side_px=short_side), pixels)
    return backbone.normalize_frames(transform(frames))[0, 0]


def differs(architecture: str, backbone: OpenClipBackbone, size: tuple[int, int]) -> tuple[float, float]:
    """Largest difference in levels of 255, and the share of values that differ."""
    size_px = backbone.image_size[0]
    image = picture(*size)
    given = Image.fromarray(image)
    if backbone.frame_pixels.geometry == "squash" and size[0] > size[1]:
        # Pillow 13 resizes the height of some upright pictures first; before, as torchvision, always the width. Between
        # the two it rounds, so that a quarter of the values then differ, by up to 15 levels.
        given = given.resize((size_px, size[0]), Image.Resampling[backbone.resize_filter.upper()])
    theirs = preprocessing_of_open_clip(architecture, size_px)(given)
    levels = ((fed(backbone, image) - theirs) * backbone.frame_std * 255).abs()
    return float(levels.max()), float((levels > 0.5).float().mean())


def check_equals_open_clips(architecture: str, folder: Path) -> None:
    backbone = OpenClipBackbone(architecture, weights_file(architecture, folder))
    for size in SIZES:
        levels, share = differs(architecture, backbone, size)
        most_levels, most_share = MOST[backbone.resize_filter]
        assert levels < most_levels + 0.01, (architecture, size, levels)
        assert share < most_share, (architecture, size, share)


def exact_widths(image: NDArray[np.uint8], width: int) -> NDArray[np.float64]:
    """Levels of a picture whose width is resized with the antialiased triangle, not rounded: [H, width, 3]."""
    n, scale = image.shape[1], image.shape[1] / width
    centres = scale * (np.arange(width) + 0.5)
    weights = 1 - np.abs(np.arange(n)[:, None] + 0.5 - centres) / max(scale, 1)
    weights = weights.clip(0)
    weights[weights < 1e-12] = 0
    return np.einsum("hnc,nw->hwc", image.astype(np.float64), weights / weights.sum(axis=0))


@pytest.mark.parametrize("width", [32, 224, 384, 448])
@pytest.mark.parametrize("size", SIZES)
def test_bilinear_resizing_differs_only_halfway_between_levels(width: int, size: tuple[int, int]) -> None:
    image = picture(*size)
    of_pil = np.asarray(Image.fromarray(image).resize((width, size[0]), Image.Resampling.BILINEAR)).astype(int)
    frames = resized(torch.from_numpy(image).permute(2, 0, 1), [size[0], width], InterpolationMode.BILINEAR)
    ours = frames.permute(1, 2, 0).numpy().astype(int)
    exact = exact_widths(image, width)
    for levels in (of_pil, ours):
        assert np.abs(levels - exact).max() < 0.5 + 0.01
    from_half = np.abs(exact % 1 - 0.5)[of_pil != ours]
    assert from_half.max(initial=0) < 0.01


@pytest.mark.parametrize("architecture", TINY)
def test_a_model_from_a_file_is_fed_what_open_clip_feeds_it(architecture: str, tmp_path: Path) -> None:
    check_equals_open_clips(architecture, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", REAL)
def test_a_published_model_from_a_file_is_fed_what_open_clip_feeds_it(architecture: str, tmp_path: Path) -> None:
    check_equals_open_clips(architecture, tmp_path)


@pytest.mark.parametrize("architecture", TINY)
def test_everything_that_makes_frames_makes_them_alike(architecture: str, tmp_path: Path) -> None:
    """In Python, in live video and where long videos are read: by the filter of the model, and the model's geometry."""
    weights = weights_file(architecture, tmp_path)
    model = ZeroShotCLIP(backbone=ClipSettings(architecture, weights)).eval()
    pixels, frames = model.frame_pixels, torch.from_numpy(picture(60, 90)).permute(2, 0, 1)[None]
    expected = square_frames(pixels.geometry, pixels.image_size, resize_filter=pixels.resize_filter)(frames)
    (batch,) = given_batches([frames], clips_of(model, frames=1), on_damage="raise", batch_size=1, n_workers=0)
    assert batch.videos is not None
    assert torch.equal(batch.videos.frames[0, 0], expected)
    of_a_file = zsar.load(architecture, weights=weights, device="cpu")
    embedded = zsar.embed([frames], model=of_a_file, frames=1).frames
    with torch.no_grad():
        theirs = model.backbone.encode_frames(model.backbone.normalize_frames(expected))
    torch.testing.assert_close(torch.as_tensor(embedded).reshape(theirs.shape), theirs)


def test_what_frames_are_normalized_with_is_stated_nowhere_else() -> None:
    """Numbers of mean and deviation are in one module and in configs of models; everything else asks the model."""
    root = Path(zsar.__file__).resolve().parents[1]
    allowed = root / "lightning_modules" / "open_clip_towers" / "pixels" / "frame_statistics.py"
    folders = ("lightning_modules", "datamodules", "callbacks", "zsar/api", "zsar/runtime")
    for path in (file for folder in folders for file in (root / folder).rglob("*.py") if file != allowed):
        text = path.read_text()
        for number in ("OPENAI_DATASET_MEAN", "IMAGENET_MEAN", "0.48145466", "0.485,", "preprocess_cfg(", "image_mean"):
            assert number not in text, f"{path}: {number}"
