import torch
from torch import Tensor
from torch.testing import assert_close

from zsar.lightning_modules.open_clip_towers.attention.attention_record import AttentionRecord, TokenLayout
from zsar.lightning_modules.open_clip_towers.blocks.tower_block import TowerBlock
from zsar.lightning_modules.open_clip_towers.visual.visual_tower import VisualTower


class Mean(VisualTower):
    """The mean colour, then a linear map."""

    architecture = "mine"
    layout = TokenLayout(0, 0, (1, 1), "average")
    blocks: tuple[TowerBlock, ...] = ()

    def __init__(self, weight: Tensor | None, bias: Tensor | None) -> None:
        self._projection = (weight, bias)

    def embed(self, frames: Tensor) -> Tensor:
        return frames.mean(dim=(2, 3))[:, None]

    def pool(self, x: Tensor, record: AttentionRecord | None = None) -> Tensor:
        return x.mean(dim=1)

    @property
    def projection(self) -> tuple[Tensor | None, Tensor | None]:
        return self._projection


def test_a_projection_may_have_a_bias_or_be_nothing() -> None:
    pooled = torch.tensor([[1.0, 2.0]])
    weight, bias = torch.tensor([[1.0, 0.0, 2.0], [0.0, 1.0, 1.0]]), torch.tensor([0.5, -1.0, 0.0])
    assert Mean(None, None).project(pooled) is pooled
    assert_close(Mean(weight, None).project(pooled), torch.tensor([[1.0, 2.0, 4.0]]))
    assert_close(Mean(weight, bias).project(pooled), torch.tensor([[1.5, 1.0, 4.0]]))
