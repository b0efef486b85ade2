import inspect
from dataclasses import fields

import numpy as np
import pytest

from zsar.datamodules.settings import Clips, Loading
from zsar.datamodules.views.augmented_views import AugmentedViews
from zsar.datamodules.views.multi_rate_views import MultiRateViews
from zsar.runtime.number_limits import LARGEST_SEED, MOST_PROCESSES, check_least, check_most, check_seed


def test_the_limit_itself_is_accepted_and_the_next_is_not() -> None:
    check_most(MOST_PROCESSES, n_workers=MOST_PROCESSES, other=None)
    with pytest.raises(ValueError, match="n_workers must be at most 1,024; got 1025"):
        check_most(MOST_PROCESSES, n_workers=MOST_PROCESSES + 1)


def test_the_least_number_is_accepted_and_a_smaller_one_is_not() -> None:
    check_least(1, frames=1, clips=None)
    with pytest.raises(ValueError, match="clips must be at least 1; got 0"):
        check_least(1, frames=3, clips=0)


@pytest.mark.parametrize("settings", [Clips, Loading])
def test_every_whole_number_of_the_shared_settings_has_a_limit(settings: type) -> None:
    for field in fields(settings):
        if str(field.type).startswith("int"):
            with pytest.raises(ValueError, match=rf"{field.name} must be at most"):
                settings(**{field.name: 10**12})


@pytest.mark.parametrize("views", [AugmentedViews, MultiRateViews])
def test_every_number_of_views_has_a_limit(views: type) -> None:
    for name, parameter in inspect.signature(views).parameters.items():
        if str(parameter.annotation) == "int" and name.startswith("n_"):
            with pytest.raises(ValueError, match="must be at most"):
                views(**{name: 10**12})


def test_a_seed_is_what_numpy_takes() -> None:
    for seed in (0, LARGEST_SEED):
        check_seed(seed)
        np.random.RandomState(seed)
    for wrong in (-1, LARGEST_SEED + 1, 1.5, "1", float("nan")):
        with pytest.raises(ValueError, match="seed must be a whole number from 0 to 4,294,967,295; got"):
            check_seed(wrong)  # type: ignore[arg-type]
