import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import zsar.datamodules.views.augmix
from tests.reference.pil_augmix import augmix_one, operate
from zsar.datamodules.views.augmix import OPERATIONS, AugMixDraws, AugMixOperations, augmix, draw_augmix


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(n: int, height: int = 24, width: int = 33) -> Tensor:
    """uint8 [N, 3, H, W]: gradients with some noise, of less than full contrast."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    gradients = torch.stack([4 * rows + 2 * columns, 5 * columns, 6 * rows])
    noise = torch.randint(40, (n, 3, height, width), generator=seeded())
    return (gradients + noise + 10).to(torch.uint8)


def only(operation: str, levels: list[float], signs: list[float]) -> AugMixDraws:
    """Draws whose result is one operation alone: the first chain has it, and weighs everything."""
    n = len(levels)
    draws = draw_augmix(n, generator=seeded())
    return AugMixDraws(
        weights=torch.tensor([[1.0, 0.0, 0.0]]).repeat(n, 1),
        mix=torch.zeros(n),
        depths=torch.ones(n, 3, dtype=torch.int64),
        operations=torch.full((n, 3, 3), OPERATIONS.index(operation)),
        levels=torch.tensor(levels, dtype=torch.float64)[:, None, None].expand(n, 3, 3),
        signs=torch.tensor(signs, dtype=torch.float64)[:, None, None].expand_as(draws.signs),
    )


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_operation_is_that_of_pillow(name: str) -> None:
    levels, signs = [0.1, 0.9, 1.0, 3.7, 6.5, 9.99], [1.0, -1.0, -1.0, 1.0, -1.0, 1.0]
    images = pictures(len(levels))
    changed = augmix(images, only(name, levels, signs))
    expected = torch.stack(
        [
            torch.from_numpy(np.array(operate(Image.fromarray(image.permute(1, 2, 0).numpy()), name, level, sign)))
            for image, level, sign in zip(images, levels, signs, strict=True)
        ]
    ).permute(0, 3, 1, 2)
    assert changed.shape == expected.shape
    difference = (changed.int() - expected.int()).abs()
    assert difference.max() <= 1  # Pillow computes positions in double precision
    assert (difference > 0).float().mean() < 0.03
    assert not torch.equal(changed, images)


def test_whole_chains_are_mixed_as_one_image_at_a_time_is() -> None:
    images, draws = pictures(12), draw_augmix(12, severity=3, generator=seeded(1))
    changed = augmix(images, draws)
    expected = np.stack([augmix_one(image.permute(1, 2, 0).numpy(), draws, i) for i, image in enumerate(images)])
    difference = (changed.permute(0, 2, 3, 1).int() - torch.from_numpy(expected).int()).abs()
    # An equalization or a threshold behind a rounding can turn one level into a few.
    assert (difference > 1).float().mean() < 0.01
    assert (difference > 0).float().mean() < 0.05


def test_image_and_chains_are_mixed_by_their_shares() -> None:
    image = torch.full((1, 3, 6, 6), 200, dtype=torch.uint8)
    index = {name: OPERATIONS.index(name) for name in ("posterize", "solarize", "translate_x")}
    draws = AugMixDraws(
        weights=torch.tensor([[0.5, 0.3, 0.2]]),
        mix=torch.tensor([0.25]),
        depths=torch.tensor([[1, 1, 1]]),
        operations=torch.tensor(list(index.values()))[None, :, None].expand(1, 3, 3),
        levels=torch.tensor([1.0, 3.0, 5.0], dtype=torch.float64)[None, :, None].expand(1, 3, 3),
        signs=torch.ones(1, 3, 3, dtype=torch.float64),
    )
    changed = augmix(image, draws)[0, 0, 0]
    # Posterize to 4 bits: 192. Solarize from 256 - 76 = 180 on: 55. Translate by int(5 * 2 / 10) = 1: black at the end.
    inner = 0.25 * 200 + 0.75 * (0.5 * 192 + 0.3 * 55 + 0.2 * 200)
    last = 0.25 * 200 + 0.75 * (0.5 * 192 + 0.3 * 55)
    assert changed.tolist() == [round(inner)] * 5 + [round(last)]


def test_chains_without_operations_give_the_image() -> None:
    images, draws = pictures(5), draw_augmix(5, generator=seeded())
    still = AugMixDraws(
        draws.weights, draws.mix, torch.zeros_like(draws.depths), draws.operations, draws.levels, draws.signs
    )
    assert torch.equal(augmix(images, still), images)
    assert augmix(images[:0], still[:0]).shape == (0, 3, 24, 33)


def test_operations_of_level_nought_give_the_image() -> None:
    images = pictures(2)
    for name in ("rotate", "shear_x", "shear_y", "translate_x", "translate_y", "solarize"):
        assert torch.equal(augmix(images, only(name, [0.0, 0.0], [1.0, -1.0])), images), name


def test_an_image_depends_on_its_own_draws_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    images, draws = pictures(11), draw_augmix(11, severity=5, generator=seeded(2))
    whole = augmix(images, draws)
    apart = torch.cat([augmix(images[i : i + 1], draws[i : i + 1]) for i in range(11)])
    assert torch.equal(whole, apart)
    monkeypatch.setattr(zsar.datamodules.views.augmix, "_CHUNK_PX_CPU", 4 * images[0, 0].numel())
    assert torch.equal(augmix(images, draws), whole)


def test_a_move_by_whole_pixels_is_what_interpolation_makes_of_it() -> None:
    images = pictures(1)  # 24 x 33 px
    sides = (torch.tensor([-size - 1, -size, 1 - size, -2, -1, 0, 1, 9, size - 1, size]) for size in (24, 33))
    moves = torch.cartesian_prod(*sides)
    matrices = torch.eye(2, 3, dtype=torch.float64).repeat(len(moves), 1, 1)
    matrices[:, :, 2] = moves.flip(1)
    assert zsar.datamodules.views.augmix._by_whole_px(matrices).all()
    interpolated = zsar.datamodules.views.augmix._moved(images.expand(len(moves), -1, -1, -1), matrices)
    copied = [zsar.datamodules.views.augmix._shifted(images[0], dy, dx) for dy, dx in moves.tolist()]
    assert torch.equal(torch.stack(copied), interpolated)


def test_the_input_stays_as_it_is() -> None:
    images = pictures(4)
    before = images.clone()
    augmix(images, draw_augmix(4, severity=10, generator=seeded()))
    assert torch.equal(images, before)


def test_a_seed_gives_the_same_draws_and_another_gives_others() -> None:
    first, again, other = (draw_augmix(6, generator=seeded(seed)) for seed in (3, 3, 4))
    for name in ("weights", "mix", "depths", "operations", "levels", "signs"):
        assert torch.equal(getattr(first, name), getattr(again, name))
        assert not torch.equal(getattr(first, name), getattr(other, name))


def test_draws_have_the_distributions_of_the_paper() -> None:
    draws = draw_augmix(4000, severity=2, generator=seeded())
    assert torch.allclose(draws.weights.sum(dim=1), torch.ones(4000))
    assert draws.weights.mean(dim=0).sub(1 / 3).abs().max() < 0.02
    assert draws.weights.var(dim=0).sub(1 / 18).abs().max() < 0.005  # of Dirichlet(1, 1, 1)
    assert draws.mix.var().sub(1 / 12).abs() < 0.005  # of Beta(1, 1)
    assert draws.depths.unique().tolist() == [1, 2, 3]
    assert draws.operations.unique().tolist() == list(range(9))
    assert 0.1 <= draws.levels.min() < 0.11
    assert 1.99 < draws.levels.max() <= 2
    assert draws.signs.unique().tolist() == [-1, 1]


def test_photometric_draws_are_of_the_four_operations_that_move_nothing() -> None:
    draws = draw_augmix(400, operations="photometric", generator=seeded())
    drawn = [OPERATIONS[i] for i in draws.operations.unique().tolist()]
    assert drawn == ["autocontrast", "equalize", "posterize", "solarize"]
    counts = draws.operations.flatten().bincount()
    assert counts[counts > 0].sub(900).abs().max() < 100  # of 3600: each as likely
    others = draw_augmix(400, generator=seeded())
    assert torch.equal(draws.mix, others.mix)


@pytest.mark.parametrize(("operations", "moves"), [("photometric", False), ("all", True)])
def test_only_geometric_operations_move_what_is_shown(operations: AugMixOperations, moves: bool) -> None:
    squares = torch.full((40, 3, 24, 24), 60, dtype=torch.uint8)
    squares[:, :, 4:12, 6:14] = 200
    changed = augmix(squares, draw_augmix(40, severity=10, operations=operations, generator=seeded(1)))
    # What is of one colour stays of one colour only if every pixel stays in its place.
    inside, outside = changed[..., 4:12, 6:14].flatten(2), changed[..., 14:, :].flatten(2)
    is_flat = [(part == part[..., :1]).all(dim=(1, 2)) for part in (inside, outside)]
    assert bool((is_flat[0] & is_flat[1]).all()) is not moves
    assert not torch.equal(changed, squares)


def test_repeated_draws_change_the_frames_of_a_clip_alike() -> None:
    draws = draw_augmix(2, generator=seeded(5)).repeated(3)
    assert len(draws) == 6
    images = pictures(1).expand(6, -1, -1, -1)
    changed = augmix(images, draws)
    assert torch.equal(changed[:3], changed[:1].expand(3, -1, -1, -1))
    assert torch.equal(changed[3:], changed[3:4].expand(3, -1, -1, -1))
    assert not torch.equal(changed[0], changed[3])


def test_concatenated_draws_are_those_of_the_parts_in_order() -> None:
    draws = draw_augmix(5, generator=seeded(6))
    joined = AugMixDraws.concatenated([draws[:2], draws[2:]])
    assert torch.equal(joined.operations, draws.operations)
    assert torch.equal(joined.weights, draws.weights)


@pytest.mark.parametrize("severity", [0, 11])
def test_a_severity_out_of_range_is_refused(severity: int) -> None:
    with pytest.raises(ValueError, match=f"from 1 to 10; got {severity}"):
        draw_augmix(1, severity=severity, generator=seeded())


def test_images_that_do_not_fit_are_refused() -> None:
    draws = draw_augmix(2, generator=seeded())
    with pytest.raises(ValueError, match="3 images but draws for 2"):
        augmix(pictures(3), draws)
    with pytest.raises(ValueError, match=r"uint8 \[N, 3, H, W\]; got torch.float32"):
        augmix(pictures(2).float(), draws)
