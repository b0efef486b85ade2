"""What T3AL's paper, FreeZAD's code and notes on LLT say of their settings, to compare with those of a run."""

from __future__ import annotations

from collections.abc import Mapping

from zsar.lightning_modules.command_line.summarize.results.localization_results import LocalizationSettings
from zsar.lightning_modules.run_folders.run_record import NOT_RECORDED

# What the paper is silent on, as the score of a segment, is not among it.
_STEPS = {
    "tuning.n_steps": "50",
    "tuning.n_selected": "4",
    "tuning.learning_rate": "1e-05",
    "tuning.early_stop": "no_fall",
    "tuning.patience_steps": "5",
}
_SCORES = {
    "tuning.similarity": "cosine",
    "tuning.background": "video_mean",
    "tuning.smoothed": "final",
    "proposals.threshold": "None",
    "proposals.largest_gap_frames": "0",
    "proposals.largest_gap_seconds": "None",
    "region_class": "nearest",
}
_SUPPRESSION = {
    "suppression.similarity": "0.75",
    "suppression.share": "0.5",
    "suppression.votes": "all",
    "suppression.seconds": "None",
}
_ON_ACTIVITYNET = {"tuning.n_steps": "25", "tuning.n_selected": "20", "tuning.background": "none"}
FREEZAD, LLT = "FreeZAD", "LLT"
_OF_FREEZAD = {  # on THUMOS14
    "tuning.n_steps": "0",
    "tuning.similarity": "cosine",
    "tuning.background": "video_mean",
    "tuning.window_frames": "20",
    "tuning.window_edges": "repeated",
    "suppression": "None",
    "proposals.threshold": "None",
    "proposals.largest_gap_frames": "19",
    "proposals.largest_gap_seconds": "None",
    "proposals.keeps_single_frames": "False",
    "region_class": "pseudo_label",
    "segment_score": "log_oic_actionness",
}
_OF_LLT = {  # what notes on its paper tell
    "tuning.n_steps": "0",
    "suppression": "None",
    "memory.capacity": "4",
    "memory.easy_share": "0.05",
    "memory.order": "stream",
}
_OF_OTHERS = {FREEZAD: _OF_FREEZAD, LLT: _OF_LLT}


def t3al_pairs(settings: LocalizationSettings, method: str) -> list[tuple[str, object, object]]:
    """Settings of a T3AL run that the paper states.

    Args:
        settings: Of the run.
        method: Of the published figure: FreeZAD's and LLT's settings are compared with their own, T3AL's with all
            others.

    Returns:
        The name, ours and the paper's of each recorded setting, and one more pair for all that an older result does
        not record; nothing for other localizers.
    """
    if settings.model.split(".")[-1] != "T3AL":
        return []
    ours = dict(settings.model_arguments)
    stated = _OF_OTHERS.get(method) or _stated(settings.data_set, ours)
    pairs: list[tuple[str, object, object]] = [
        (name, ours[name], value) for name, value in stated.items() if name in ours
    ]
    is_whole = len(pairs) == len(stated)
    return pairs if is_whole else [*pairs, ("T3AL's settings", NOT_RECORDED, "the paper's")]


def _stated(data_set: str, ours: Mapping[str, str]) -> dict[str, str]:
    """What T3AL's paper says, but for what has no effect in a run."""
    stated = {**_SCORES}
    if ours.get("tuning.n_steps") != "0":  # otherwise the row is that of T = 0
        stated |= _STEPS
    if ours.get("suppression") != "None" and ours.get("oracles.region_count") != "True":
        stated |= _SUPPRESSION
    if data_set == "activitynet_untrimmed":
        stated |= {name: value for name, value in _ON_ACTIVITYNET.items() if name in stated}
    return stated
