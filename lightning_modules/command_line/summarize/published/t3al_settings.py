"""What the paper of T3AL says of its settings, to compare with those of a run."""

from __future__ import annotations

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


def t3al_pairs(settings: LocalizationSettings) -> list[tuple[str, object, object]]:
    """Settings of a T3AL run that the paper states.

    Args:
        settings: Of the run.

    Returns:
        The name, ours and the paper's of each recorded setting, and one more pair for all that an older result does
        not record; nothing for other localizers.
    """
    if settings.model.split(".")[-1] != "T3AL":
        return []
    ours = dict(settings.model_arguments)
    stated = {**_SCORES}
    if ours.get("tuning.n_steps") != "0":  # otherwise the row is that of T = 0
        stated |= _STEPS
    if ours.get("suppression") != "None" and ours.get("oracles.region_count") != "True":
        stated |= _SUPPRESSION
    if settings.data_set == "activitynet_untrimmed":
        stated |= {name: value for name, value in _ON_ACTIVITYNET.items() if name in stated}
    pairs: list[tuple[str, object, object]] = [
        (name, ours[name], value) for name, value in stated.items() if name in ours
    ]
    is_whole = len(pairs) == len(stated)
    return pairs if is_whole else [*pairs, ("T3AL's settings", NOT_RECORDED, "the paper's")]
