"""Settings that others have replaced, and old values of settings: an error names what to write instead.

Results of before keep their names and values: what they meant is not what a current setting means.
"""

from __future__ import annotations

REPLACED: dict[str, str] = {
    "model.tuning.remove_background": "--model.tuning.background video_mean for true, none for false",
    "model.tuning.smooth_selection": "--model.tuning.smoothed all for true, final for false",
    "model.suppression.counts_itself": "--model.suppression.votes all for true, others for false",
    "model.tuning.loss=reference": "--model.tuning.loss authors, as part of configs/model/t3al_authors.yaml",
}
"""Option, or option=value -> what replaces it."""


def replacement(option: str, value: str | None = None) -> str | None:
    """What to write instead of an option or a value of before.

    Args:
        option: "--model.tuning.remove_background"; of a key in a file maybe without its section.
        value: The value, if only that is of before.

    Returns:
        An option and its values; None if nothing was replaced.
    """
    wanted = option.removeprefix("--") + ("" if value is None else f"={value}")
    return next((now for name, now in REPLACED.items() if f".{name}".endswith(f".{wanted}") and "." in wanted), None)
