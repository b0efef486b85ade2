"""What an adapted run is called: the method as a paper has it, or the variant of it that its settings make it.

Published figures of ablations have the same names for the same departures, so that a run stands beside the figure of
its own settings and never, unsaid, beside that of others.
"""

from __future__ import annotations

from collections.abc import Mapping

_AUGMIX = {
    "views": "AugmentedViews",
    "views.n_views": "32",
    "views.crop": "False",
    "views.flip": "0.0",
    "views.augmix": "per_frame",
    "views.severity": "1",
}
_ON_ORIGINAL = {"class_position": "end", "prediction": "original"}
_TPT = {
    **_ON_ORIGINAL,
    "phrase": "an action of",
    "texts": "names",
    "consistency": "single",
    "schedule": "all, all, all",
    "confident_share": "0.2",
    "selection": "once",
    "learning_rate": "0.001",
    **_AUGMIX,
}
_TPT_ON_IMAGES = {
    **_TPT,
    "phrase": "a photo of a",
    "schedule": "all",
    "confident_share": "0.1",
    "learning_rate": "0.005",
    "views.n_views": "64",
    "views.crop": "True",
    "views.flip": "0.5",
    "views.augmix": "none",
}
_DTS_TPT = {
    **_TPT,
    "texts": "names, class_text",
    "consistency": "hybrid",
    "schedule": "all, right-6, right-4",
    "selection": "every_step",
}
_ZAR = {
    **_ON_ORIGINAL,
    "phrase": "a video of a",
    "texts": "names",
    "consistency": "single",
    "schedule": "all",
    "confident_share": "0.8",
    "learning_rate": "0.005",
    "views": "MultiRateViews",
    "views.n_crops": "3",
    "views.rates": "1.0, 0.5, 0.25, 0.125",
    "views.n_samples": "4",
    "views.segment_jitter": "False",
}
# Method -> variant -> what the paper says, or our reading of it (TPT: DTS-TPT's tables). What papers leave open, as the
# weight decay, is not among it.
_PUBLISHED: dict[str, dict[str | None, dict[str, str]]] = {
    "TPT": {None: _TPT, "as on images": _TPT_ON_IMAGES},
    "DTS-TPT": {None: _DTS_TPT},
    "ZAR": {None: _ZAR},
}
# The models that a paper adapts without a word in the method's name. ZAR's pretraining is ViFi-CLIP's recipe.
_MODELS = {"ZAR": ("CLIP", "ViFi-CLIP")}
_NAMED = {
    ("DTS-TPT", "texts", "names"): "TS-TPT only",
    ("DTS-TPT", "schedule", "all, all, all"): "DSC only",
}


def adapted_method(settings: Mapping[str, str], model: str) -> tuple[str, str | None]:
    """Method and variant of an adapted run.

    Args:
        settings: Those of `adaptation_settings`.
        model: What the model alone is called.

    Returns:
        The adaptation's method; and in what it departs from the paper's, last a model that is not the paper's ("on
        T2L"), or None for nothing.
    """
    method = settings["method"]
    setups = _PUBLISHED.get(method, {None: {}})
    found = {variant: _departures(method, settings, published) for variant, published in setups.items()}
    nearest = min(found, key=lambda variant: len(found[variant]))
    parts = [*([nearest] if nearest else []), *found[nearest]]
    if model not in _MODELS.get(method, ("CLIP",)):
        parts.append(f"on {model}")
    return method, ", ".join(parts) or None


def _departures(method: str, settings: Mapping[str, str], published: Mapping[str, str]) -> list[str]:
    differing = {key: settings.get(key) for key, value in published.items() if settings.get(key) != value}
    if "views" in differing:  # other views have other settings
        differing = {key: value for key, value in differing.items() if not key.startswith("views.")}
    if "texts" in differing:  # one set of texts and "single" go together
        differing.pop("consistency", None)
    return [_name(method, key, value or "") for key, value in differing.items()]


def _name(method: str, key: str, value: str) -> str:
    if (method, key, value) in _NAMED:
        return _NAMED[method, key, value]
    if key == "schedule":
        return f"steps {value}" if value else "not tuned"
    if key == "consistency":
        return value
    if key == "texts":
        return f"{value.replace('_', ' ')} only"
    return f"{key.removeprefix('views.').removeprefix('n_').replace('_', ' ')} {value}"
