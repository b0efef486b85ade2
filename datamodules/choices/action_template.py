"""The prompt template of localization."""

from __future__ import annotations

ACTION_TEMPLATE = "a video of action {}"
"""T3AL's prompt, the default of untrimmed data sets and of `zsar localize`."""
