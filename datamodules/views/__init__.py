"""What a model sees of a video: frame sampling, transforms, and further views of test videos."""

from zsar.datamodules.views.augmented_views import AugmentedViews
from zsar.datamodules.views.further_views import Views
from zsar.datamodules.views.multi_rate_views import MultiRateViews

__all__ = ["AugmentedViews", "MultiRateViews", "Views"]
