"""Each method, run once."""

from collections.abc import Iterator

import pytest
import torch

from zsar.lightning_modules.command_line.models.method_names import METHODS, MethodName
from zsar.lightning_modules.command_line.models.trials import method_trials
from zsar.lightning_modules.command_line.models.trials.method_trials import TRAINING_TOWERS, TRIALS
from zsar.lightning_modules.command_line.models.trials.tried_clip import TriedClip, tried_clip
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.t2l.t2l import T2L

WORKING = [method for method in METHODS if method != "captions"]


@pytest.fixture
def tried() -> Iterator[TriedClip]:
    torch.manual_seed(0)
    return tried_clip(OpenClipBackbone("tiny-clip", "random"), own_tokenizer=False)


def weights_of(tried: TriedClip) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in tried.backbone.clip.state_dict().items()}


@pytest.mark.parametrize("method", WORKING)
def test_only_methods_that_train_towers_change_them_and_nothing_stays_trainable(
    tried: TriedClip, method: MethodName
) -> None:
    before = weights_of(tried)
    assert TRIALS[method](tried) is None
    after = weights_of(tried)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert bool(changed) == (method in TRAINING_TOWERS)
    if changed:
        assert {name.startswith("visual.") for name in changed} == {True, False}  # both towers
    assert not any(parameter.requires_grad for parameter in tried.backbone.parameters())
    assert all(parameter.grad is None for parameter in tried.backbone.parameters())
    assert tried.backbone.gradient_checkpointing is False


def test_a_step_of_t2l_trains_tokens_and_adapters_of_both_towers(
    tried: TriedClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[T2L, dict[str, torch.Tensor]]] = []

    class Kept(T2L):
        def train(self, mode: bool = True) -> "Kept":
            if mode and not made:
                trained = {n: p.detach().clone() for n, p in self.named_parameters() if p.requires_grad}
                made.append((self, trained))
            return super().train(mode)  # type: ignore[return-value]

    monkeypatch.setattr(method_trials, "T2L", Kept)
    assert TRIALS["t2l"](tried) is None
    model, before = made[0]
    changed = {name for name, value in before.items() if not torch.equal(value, model.get_parameter(name))}
    for part in ("temporal_tokens", "visual_blocks.adapters", "text_blocks.adapters"):
        assert any(part in name for name in changed), part


def test_coca_refuses_prompts_works_in_part_with_t2l_and_captions() -> None:
    torch.manual_seed(0)
    tried = tried_clip(OpenClipBackbone("tiny-coca", "random"), own_tokenizer=False)
    assert TRIALS["captions"](tried) is None


def test_a_clip_writes_no_captions(tried: TriedClip) -> None:
    with pytest.raises(BackboneError, match="writes no captions"):
        TRIALS["captions"](tried)


def test_a_loss_that_is_not_finite_is_no_success(tried: TriedClip) -> None:
    with torch.no_grad():
        tried.backbone.clip.visual.proj.fill_(float("nan"))
    with pytest.raises(ArithmeticError, match="not finite"):
        TRIALS["fine_tuned"](tried)
