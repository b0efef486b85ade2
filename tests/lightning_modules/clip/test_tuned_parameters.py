from typing import get_args

import pytest

from zsar.lightning_modules.clip.tuned_parameters import LogitScale, Tune, is_tuned

NAMES = ("visual.proj", "transformer.resblocks.0.ln_1.weight", "token_embedding.weight", "logit_scale", "logit_bias")


@pytest.mark.parametrize(
    ("tune", "logit_scale", "expected"),
    [
        ("both", "frozen_with_one_tower", [True, True, False, True, False]),
        ("visual", "frozen_with_one_tower", [True, False, False, False, False]),
        ("text", "frozen_with_one_tower", [False, True, False, False, False]),
        ("visual", "trained", [True, False, False, True, False]),
    ],
)
def test_what_is_tuned(tune: Tune, logit_scale: LogitScale, expected: list[bool]) -> None:
    assert [is_tuned(name, tune, logit_scale) for name in NAMES] == expected


def test_the_token_embedding_is_tuned_with_the_text_tower_where_it_is_asked_for() -> None:
    name = NAMES[2]
    tuned = {tune: is_tuned(name, tune, "trained", token_embedding=True) for tune in get_args(Tune)}
    assert tuned == {"both": True, "visual": False, "text": True}
    assert not is_tuned(NAMES[4], "both", "trained", token_embedding=True)
