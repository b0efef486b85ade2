from typing import Any

import open_clip
import pytest

from zsar.lightning_modules.open_clip_towers.text.text_tower import TextTower
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

VISION = {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16}
TEXT = {"context_length": 12, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2}


def made(**text: Any) -> tuple[Any, TextTower]:
    clip: Any = open_clip.CustomTextCLIP(embed_dim=16, vision_cfg=VISION, text_cfg={**TEXT, **text})
    return clip.eval(), TextTower(clip, "ViT-B-32", "a test's model")


@pytest.mark.parametrize(
    ("text_cfg", "n_needed", "read_at"),
    [({}, 5, 4), ({"pool_type": "last"}, 12, 11), ({"pool_type": "first", "no_causal_mask": True}, 12, 0)],
)
def test_a_causal_tower_needs_the_tokens_up_to_the_last_end(
    text_cfg: dict[str, Any], n_needed: int, read_at: int
) -> None:
    _, tower = made(**text_cfg)
    tokens = tower.tokenize(["one", "one two three"])  # with a start and an end token
    assert tower.n_needed_tokens(tokens) == n_needed
    assert tower.reading_position(int(tokens[1].argmax())) == read_at
    assert len(tower.blocks) == 2
    assert tower.width == 32


def test_a_tower_that_averages_all_positions_is_refused() -> None:
    clip, tower = made()
    clip.text.pool_type = "mean"
    with pytest.raises(BackboneError, match="pools by 'mean'; learnable tokens need a tower that reads one position"):
        tower.reading_position(3)


def test_the_blocks_of_coca_cannot_be_run_one_by_one() -> None:
    _, tower = made(embed_cls=True, pad_id=0)
    with pytest.raises(BackboneError, match="has no blocks that can be run one by one"):
        _ = tower.blocks
