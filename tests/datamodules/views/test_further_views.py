import pytest

from zsar.datamodules.views.augmented_views import AugmentedViews
from zsar.datamodules.views.further_views import Views
from zsar.datamodules.views.multi_rate_views import MultiRateViews


@pytest.mark.parametrize("views", [AugmentedViews(n_views=4, flip=0.5), MultiRateViews(rates=(0.5, 0.25), n_crops=5)])
def test_the_description_makes_an_equal_set_of_views(views: Views) -> None:
    described = views.described()
    assert described["class_path"] == f"zsar.datamodules.views.{type(views).__name__}"
    assert type(views)(**described["init_args"]).described() == described
    assert not any(isinstance(value, tuple) for value in described["init_args"].values())
