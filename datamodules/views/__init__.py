"""What a model sees of a video: frame sampling, transforms, and further views of test videos."""

from zsar.datamodules.views.further_views import AugmentedViews, MultiRateViews, Views

__all__ = ["AugmentedViews", "MultiRateViews", "Views"]
