"""Test-time prompt tuning: TPT, DTS-TPT and ZAR. See the README in this folder."""

from zsar.callbacks.prompt_tuning.prompt_tuning import PromptTuning

__all__ = ["PromptTuning"]
