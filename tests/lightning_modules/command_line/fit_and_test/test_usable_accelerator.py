import pytest

from zsar.lightning_modules.command_line.fit_and_test.usable_accelerator import check_accelerator


@pytest.fixture(params=[0, 2], ids=["no_gpu", "two_gpus"])
def n_gpus(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many GPUs the machine seems to have."""
    monkeypatch.setattr("torch.cuda.device_count", lambda: request.param)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    return int(request.param)


@pytest.mark.parametrize("devices", [1, 2, "2", -1, "-1", "auto", [0, 1], [1], "0,1", "1,"])
@pytest.mark.parametrize("accelerator", ["gpu", "cuda"])
def test_gpus_that_are_there_are_accepted_and_the_remedy_is_named_where_there_are_none(
    accelerator: str, devices: object, n_gpus: int
) -> None:
    if n_gpus:
        check_accelerator(accelerator, devices)
        return
    with pytest.raises(ValueError, match=rf"is {accelerator}, .* --trainer configs/trainer/cpu\.yaml$"):
        check_accelerator(accelerator, devices)


@pytest.mark.parametrize("devices", [3, "8", [0, 2], "0,2"])
@pytest.mark.parametrize("accelerator", ["gpu", "auto"])
def test_more_devices_than_there_are_is_refused(accelerator: str, devices: object, n_gpus: int) -> None:
    if n_gpus == 0 and accelerator == "auto":
        return  # processes on the CPU, of which the next test is
    expected = r"but this machine has 2 GPUs; .* --trainer\.devices 2," if n_gpus else "finds no such device"
    with pytest.raises(ValueError, match=expected):
        check_accelerator(accelerator, devices)


@pytest.mark.parametrize("accelerator", ["cpu", "auto"])
def test_more_processes_on_the_cpu_than_it_has_processors_are_refused(
    accelerator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    monkeypatch.setattr("zsar.lightning_modules.command_line.fit_and_test.usable_accelerator.cpu_count", lambda: 4)
    check_accelerator(accelerator, 4)
    with pytest.raises(ValueError, match=r"devices is 70, .* this machine has 4 processors; .* at most 4$"):
        check_accelerator(accelerator, 70)


@pytest.mark.parametrize("accelerator", ["cpu", "auto", "tpu", None])
def test_what_needs_no_gpu_is_accepted(accelerator: str | None, n_gpus: int) -> None:
    check_accelerator(accelerator, 1)


def test_a_mac_has_one_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: True)
    for accelerator in ("gpu", "mps", "auto"):
        check_accelerator(accelerator, 1)
    with pytest.raises(ValueError, match=r"trainer\.devices is 2, but this machine has 1 GPU;"):
        check_accelerator("gpu", 2)
    with pytest.raises(ValueError, match=r"trainer\.accelerator is cuda"):
        check_accelerator("cuda", 1)
