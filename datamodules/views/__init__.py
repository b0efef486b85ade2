"""Which frames and which parts of them a model sees: sampling, transforms, and further views of test videos."""

from zsar.datamodules.views.further_views import AugmentedViews, MultiRateViews, Views

__all__ = ["AugmentedViews", "MultiRateViews", "Views"]
