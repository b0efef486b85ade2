import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from tests.reference.weighted_mean import gaussian, weighted_mean
from zsar.lightning_modules.training.mean_of_epochs import RunningMean, gaussian_log_weight


def states(n: int) -> list[dict[str, Tensor]]:
    return [{"matrix": torch.randn(3, 4), "scalar": torch.randn(())} for _ in range(n)]


def mean_of(given: list[dict[str, Tensor]], log_weights: list[float]) -> RunningMean:
    mean = RunningMean()
    for epoch, (state, log_weight) in enumerate(zip(given, log_weights, strict=True), start=2):
        mean.add(state, epoch=epoch, log_weight=log_weight)
    return mean


def test_a_hand_computed_example() -> None:
    """Of 1, 2 and 6, and with the weights 1, 1 and 2."""
    given = [{"weight": torch.tensor(value)} for value in (1.0, 2.0, 6.0)]
    assert_close(mean_of(given, [0.0, 0.0, 0.0]).values["weight"], torch.tensor(3.0))
    weighted = mean_of(given, [0.0, 0.0, float(torch.tensor(2.0).log())])
    assert_close(weighted.values["weight"], torch.tensor(15 / 4))
    assert weighted.epochs == [2, 3, 4]


@pytest.mark.parametrize("sigma", [0.05, 3.0, 1e9])
def test_the_running_mean_is_that_of_all_states_kept(sigma: float) -> None:
    given, epochs = states(21), range(2, 23)
    running = mean_of(given, [gaussian_log_weight(epoch, mu=16.0, sigma=sigma) for epoch in epochs])
    uniform = weighted_mean(given, [1.0] * 21)
    expected = uniform if sigma == 1e9 else weighted_mean(given, [gaussian(e, 16.0, sigma) + 1e-300 for e in epochs])
    for name, value in expected.items():
        assert_close(running.values[name].double(), value, atol=1e-6, rtol=1e-5)
        assert_close(mean_of(given, [0.0] * 21).values[name].double(), uniform[name], atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("log_weight", [0.0, -1e6, 1e6])
def test_the_mean_of_equal_states_is_the_state_to_the_bit_whatever_they_weigh(log_weight: float) -> None:
    (state,) = states(1)
    mean = mean_of([state] * 5, [log_weight * i for i in range(5)])
    assert all(torch.equal(mean.values[name], value) for name, value in state.items())


def test_small_steps_of_half_precision_are_not_lost_and_the_states_are_not_held() -> None:
    given = [{"weight": torch.tensor(1.0, dtype=torch.bfloat16) + i * 2**-7} for i in range(2)]
    mean = mean_of(given, [0.0, 0.0])
    assert mean.values["weight"].dtype == torch.float32
    assert mean.values["weight"] == 1 + 2**-8  # between two numbers of bfloat16
    state = {"weight": torch.ones(2)}
    mean = mean_of([state], [0.0])
    state["weight"].zero_()
    assert torch.equal(mean.values["weight"], torch.ones(2))


def test_it_goes_on_from_its_state_as_if_it_had_not_stopped() -> None:
    given, log_weights = states(6), [gaussian_log_weight(epoch, mu=4.0, sigma=2.0) for epoch in range(2, 8)]
    whole, first, second = mean_of(given, log_weights), mean_of(given[:4], log_weights[:4]), RunningMean()
    second.load_state_dict(first.state_dict())
    for i in (4, 5):
        second.add(given[i], epoch=i + 2, log_weight=log_weights[i])
    assert second.epochs == whole.epochs
    assert all(torch.equal(second.values[name], value) for name, value in whole.values.items())
