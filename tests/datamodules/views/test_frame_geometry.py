import pytest
import torch
from torchvision.transforms.v2 import functional

from zsar.datamodules.views.frame_geometry import square_frames
from zsar.datamodules.views.transforms import TestTransform


def columns(*values: int, each: int) -> torch.Tensor:
    """uint8 [1, 3, 8, each * n]: columns of these values."""
    return torch.tensor(values, dtype=torch.uint8).repeat_interleave(each).expand(1, 3, 8, -1).contiguous()


def test_squashed_frames_show_the_sides_and_cropped_ones_do_not() -> None:
    """A picture of 8 x 32 with parts 8, 16 and 8 wide: 8 x 8 pixels show them 2, 4 and 2 wide, or the middle one."""
    frames = columns(0, 100, 100, 200, each=8)
    squashed, cropped = (square_frames(geometry, 8)(frames) for geometry in ("squash", "crop"))
    assert squashed.shape == cropped.shape == (1, 3, 8, 8)
    assert squashed[0, 0, 4, [0, 3, 4, 7]].tolist() == pytest.approx([0, 100, 100, 200], abs=12)
    assert cropped.unique().tolist() == [100]


def test_a_side_of_16_to_9_is_seen_to_43_percent_in_a_crop() -> None:
    """224 of 256 rows and of 455 columns: 0.875 x 0.492 = 0.43 of the picture."""
    ramp = torch.linspace(0, 255, 1280).to(torch.uint8).expand(1, 3, 720, -1).contiguous()
    cropped, squashed = (square_frames(geometry, 224)(ramp)[0, 0, 0].float() for geometry in ("crop", "squash"))
    seen = ((cropped[-1] - cropped[0]) / 255).item()
    assert seen == pytest.approx(224 / (256 * 16 / 9), abs=0.01)
    assert 224 / 256 * seen == pytest.approx(0.43, abs=0.005)
    assert (squashed[-1] - squashed[0]).item() > 250


def test_both_are_plain_resizing_with_antialiasing() -> None:
    frames = torch.randint(256, (3, 3, 30, 50), dtype=torch.uint8)
    bicubic = functional.InterpolationMode.BICUBIC
    assert torch.equal(
        square_frames("squash", 16)(frames), functional.resize(frames, [16, 16], bicubic, antialias=True)
    )
    assert torch.equal(square_frames("crop", 16)(frames), TestTransform(16)(frames)[0])
    bilinear = functional.resize(frames, [16, 16], functional.InterpolationMode.BILINEAR, antialias=True)
    assert torch.equal(square_frames("squash", 16, resize_filter="bilinear")(frames), bilinear)


@pytest.mark.parametrize("geometry", ["squash", "crop"])
def test_frames_of_the_size_are_not_resampled(geometry: str) -> None:
    frames = torch.randint(256, (3, 3, 16, 16), dtype=torch.uint8)
    assert torch.equal(square_frames(geometry, 16)(frames), frames)  # type: ignore[arg-type]


@pytest.mark.parametrize("geometry", ["squash", "crop"])
def test_what_is_not_frames_is_refused(geometry: str) -> None:
    with pytest.raises(ValueError, match=r"frames must be uint8 \[T, 3, H, W\]"):
        square_frames(geometry, 16)(torch.zeros(3, 4, 16, 16))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a size in pixels must be at least 1; got 0"):
        square_frames(geometry, 0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="geometry must be one of squash, crop; got 'pad'"):
        square_frames("pad", 16)  # type: ignore[arg-type]
