import pytest

from zsar.api.devices import device_names


def test_devices_are_named_one_by_one() -> None:
    assert device_names("cpu", 1) == ["cpu"]
    assert device_names("cpu", 3) == ["cpu"] * 3
    assert device_names("mps", 1) == ["mps"]
    with pytest.raises(ValueError, match="--devices 2 needs --device cuda or cpu; got mps"):
        device_names("mps", 2)
