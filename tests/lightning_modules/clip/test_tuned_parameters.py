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
