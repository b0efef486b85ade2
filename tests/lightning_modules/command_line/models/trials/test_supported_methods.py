"""Which methods work on a model: with weights and without values the same."""

from pathlib import Path

import pytest
import torch

from zsar.lightning_modules.command_line.models.method_names import METHODS
from zsar.lightning_modules.command_line.models.trials import supported_methods
from zsar.lightning_modules.command_line.models.trials.supported_methods import tried_methods
from zsar.lightning_modules.command_line.models.trials.tried_clip import TriedClip, tried_clip
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights import known_architectures
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

TINY = sorted(path.stem for path in (Path(known_architectures.__file__).parent / "architectures").glob("*.json"))


def tried(name: str, device: str) -> TriedClip:
    torch.manual_seed(0)
    with torch.device(device):
        backbone = OpenClipBackbone(name, "random")
    return tried_clip(backbone, own_tokenizer=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", TINY)
def test_without_values_as_with_weights(name: str) -> None:
    """The table says without values what `--check` finds with weights, for each of our tiny models; none fails."""
    found = {device: list(tried_methods(tried(name, device), tuple(METHODS))) for device in ("cpu", "meta")}
    assert found["meta"] == found["cpu"]
    assert [support for support in found["cpu"] if support.status == "failed"] == []
    assert {support.method for support in found["cpu"]} == set(METHODS)
    assert all(bool(support.reason) == (support.status != "yes") for support in found["cpu"])


def test_a_refusal_has_the_reason_of_the_code_and_a_failure_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: TriedClip) -> None:
        raise BackboneError("no such tower")

    def fail(_: TriedClip) -> None:
        raise IndexError("list index out of range\nmore")

    trials = {"zero_shot": lambda _: None, "t2l": lambda _: "only half", "t3al": refuse, "captions": fail}
    monkeypatch.setattr(supported_methods, "TRIALS", trials)
    found = list(tried_methods(tried("tiny-clip", "meta"), ("captions", "t3al", "t2l", "zero_shot")))
    assert [(one.method, one.status, one.reason) for one in found] == [
        ("zero_shot", "yes", ""),
        ("t2l", "partly", "only half"),
        ("t3al", "no", "no such tower"),
        ("captions", "failed", "IndexError: list index out of range"),
    ]
