"""Tests of `colours`: torchvision's draws and pixels, whether they are made clip by clip or for a batch."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torchvision.transforms import v2

from zsar.datamodules.batch import VideoBatch
from zsar.datamodules.choices.colour_changes import ColourChange, ColourChanges
from zsar.datamodules.views.colours import RandomColours, recoloured, with_colours_made

BRIGHTER, GREY = ColourChange("brightness", 1.5), ColourChange("grey")


def noise(*shape: int, seed: int = 0) -> Tensor:
    """uint8 of a shape."""
    return torch.randint(256, shape, generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


def batch_of(frames: Tensor, *colours: ColourChanges) -> VideoBatch:
    """A batch of clips [B, T, 3, H, W], with changes that are left to be made."""
    row = torch.arange(len(frames))
    return VideoBatch(frames[:, None], row, row, torch.zeros(len(frames), dtype=torch.bool), colours=colours)


@pytest.mark.parametrize(
    ("changes", "pixel"),
    [
        ((), [100, 200, 50]),
        ((BRIGHTER,), [150, 255, 75]),
        ((BRIGHTER, GREY), [203, 203, 203]),  # 0.2989 * 150 + 0.587 * 255 + 0.114 * 75 = 203.07
        ((GREY, BRIGHTER), [228, 228, 228]),  # 0.2989 * 100 + 0.587 * 200 + 0.114 * 50 = 152.99, rounded down
        ((ColourChange("contrast", 0.5),), [126, 176, 101]),  # half way to the mean of the grey frame, 152
        ((ColourChange("saturation", 0.0),), [152, 152, 152]),
        ((ColourChange("hue", 1 / 3),), [50, 100, 200]),  # a third of a turn: red becomes green, green blue
    ],
)
def test_changes_are_made_in_their_order(changes: ColourChanges, pixel: list[int]) -> None:
    clip = torch.tensor([100, 200, 50], dtype=torch.uint8)[:, None, None].expand(2, 3, 4, 4)
    changed = recoloured(clip, changes)
    assert changed.shape == clip.shape
    assert changed.dtype == torch.uint8
    # float32: a value that is an integer in exact arithmetic may lie below it, and is rounded down
    torch.testing.assert_close(changed[0, :, 0, 0].tolist(), pixel, atol=1, rtol=0)
    assert torch.equal(changed, changed[:1, :, :1, :1].expand_as(changed))


def test_draws_and_pixels_are_torchvisions() -> None:
    """The same seed gives the same pixels, and leaves torch's generator where torchvision leaves it."""
    clip, made = noise(3, 3, 24, 32), set()
    for jitter, grey in ((0.8, 0.2), (1.0, 0.0), (0.0, 0.5)):
        ours = RandomColours(jitter=jitter, grey=grey)
        steps = [v2.RandomApply([v2.ColorJitter(0.4, 0.4, 0.2, 0.1)], p=jitter)] if jitter else []
        theirs = nn.Sequential(*steps, *([v2.RandomGrayscale(grey)] if grey else []))
        for seed in range(25):
            outcomes = []
            for transform in (ours, theirs):
                torch.manual_seed(seed)
                outcomes.append((transform(clip), torch.rand(1)))
            (our_frames, our_next), (their_frames, their_next) = outcomes
            assert torch.equal(our_next, their_next)
            torch.manual_seed(seed)
            made.add(tuple(change.kind for change in ours.drawn()))
            apart = (our_frames.int() - their_frames.int()).abs()
            # One level of the hue's rounding, which a later contrast can make two.
            assert (apart > 0).float().mean() < 1e-2, (jitter, grey, seed)
            assert apart.max() <= 2
    assert {(), ("grey",)} < made
    assert len(made) > 15  # orders, with grey and without


def test_every_clip_of_a_batch_has_its_own_changes() -> None:
    colours = RandomColours(jitter=0.8, grey=0.2)
    torch.manual_seed(0)
    drawn = (*(colours.drawn() for _ in range(5)), ())
    frames = noise(6, 2, 3, 16, 16)
    before = frames.clone()
    made = with_colours_made(batch_of(frames, *drawn))
    assert made.colours == ()
    expected = torch.stack([recoloured(clip, changes) for clip, changes in zip(frames, drawn, strict=True)])
    assert torch.equal(made.frames[:, 0], expected)
    assert torch.equal(made.frames[5, 0], before[5])
    assert torch.equal(frames, before)
    assert any(not torch.equal(*pair) for pair in zip(made.frames[:, 0], before, strict=True))


def test_the_hue_is_torchvisions_for_all_kinds_of_colours() -> None:
    steps = torch.tensor([*range(0, 256, 15), 1, 2, 127, 128, 254], dtype=torch.uint8)
    colours = torch.cartesian_prod(steps, steps, steps).T.reshape(3, len(steps), -1)[None]
    for turn in (-0.1, -0.0333, 0.0, 0.05, 0.1, 0.5):
        changed = recoloured(colours, (ColourChange("hue", turn),))
        apart = (changed.int() - v2.functional.adjust_hue(colours, turn).int()).abs()
        assert apart.max() <= 1
        assert (apart > 0).float().mean() < 2e-3, turn
    assert torch.equal(recoloured(colours, (ColourChange("hue", 0.0),)), colours)


def test_each_frame_is_changed_by_itself() -> None:
    """Contrast refers to the mean of its own frame: frames one at a time, or together as on a GPU, are the same."""
    clip = torch.cat([noise(1, 3, 16, 16), noise(1, 3, 16, 16, seed=1) // 4])
    changes = (ColourChange("contrast", 0.7), ColourChange("hue", 0.05))
    assert torch.equal(recoloured(clip, changes)[1:], recoloured(clip[1:], changes))
    together = v2.functional.adjust_contrast(clip, 0.7)
    assert torch.equal(recoloured(clip, changes[:1]), together)
