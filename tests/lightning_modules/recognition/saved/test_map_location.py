from typing import Any

import pytest
import torch

from zsar.lightning_modules.recognition.saved.map_location import device_of


@pytest.mark.parametrize(
    ("given", "device"),
    [
        (None, "cpu"),
        ("cpu", "cpu"),
        (torch.device("meta"), "meta"),
        (lambda storage, _: storage, "cpu"),
        (lambda *_: None, "cpu"),
        ({"cuda:0": "cpu", "cuda:1": "cpu"}, "cpu"),
    ],
)
def test_a_device_is_found_as_torch_load_finds_it(given: Any, device: str) -> None:
    assert device_of(given) == torch.device(device)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("gpu", "map_location='gpu' is no device of this machine"),
        ("cuda:99", "map_location='cuda:99' is no device of this machine"),
        ({"cuda:0": "cpu", "cuda:1": "meta"}, "map_location names cpu, meta: give one"),
        ({}, "map_location names none: give one"),
    ],
)
def test_what_is_no_device_is_named_in_one_line(given: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said) as raised:
        device_of(given)
    assert "\n" not in str(raised.value)
