"""The prompt templates that are the defaults."""

from __future__ import annotations

ACTION_TEMPLATE = "a video of action {}"
"""T3AL's prompt, the default of untrimmed data sets and of `zsar localize`."""
TRAINED_TEMPLATE = "video"
"""The set of templates that recognizers are trained, tested and used with where none is given."""
