"""What a run is called: the method as a paper has it, or the variant of it that its settings make it.

Published figures of ablations have the same names for the same departures, so that a run stands beside the figure of
its own settings and never, unsaid, beside that of others.
"""

from __future__ import annotations

from collections.abc import Mapping

from zsar.lightning_modules.command_line.summarize.published.memory_settings import MEMORIES
from zsar.lightning_modules.command_line.summarize.published.published_figures import FROM_CLIP
from zsar.lightning_modules.command_line.summarize.published.t3al_settings import FREEZAD, LLT
from zsar.lightning_modules.command_line.summarize.published.trained_model_names import (
    t2l_variant,
    trained_model_variant,
    with_structure,
)
from zsar.lightning_modules.command_line.summarize.results.localization_results import LocalizationSettings
from zsar.lightning_modules.command_line.summarize.results.recognition_results import RunSettings
from zsar.lightning_modules.run_folders.run_record import NOT_RECORDED, kind_of_text

# Others have their class's name.
_METHODS = {"ZeroShotCLIP": "CLIP", "FineTunedCLIP": "ViFi-CLIP", "APCLIP": "AP-CLIP", "OpenVCLIP": "Open-VCLIP"}
# Class text of AP-CLIP's Tables 5 to 7 by kind, by set of templates, and by what follows the file's name in its source.
_TEXTS_OF_AP_CLIP = {"customized": "customized prompts", "direct": "prompts asked for directly"}
_TEMPLATES_OF_AP_CLIP = {"open_vclip": "Open-VCLIP's set of templates", "photo": "one prompt a class"}
_WITHOUT_BODY = " (Scene, Actor)"
# Methods whose figures after pretraining on Kinetics-400 papers report as a variant.
_PRETRAINED = ("ViFi-CLIP", "AP-CLIP")
_ORACLES = {"perfect_class": "class", "region_count": "region count", "selection": "selection"}
_LOSSES = {
    "binary_cross_entropy": "binary cross entropy",
    "separation": "separation loss only",
    "representation": "representation loss only",
    "authors": "authors' code",
    "reference": "authors' loss",  # of results from before, whose other settings were not the authors'
}

# What T3AL without a step is called by its score of segments; other settings are compared one by one.
_FREEZAD = {"log_oic_actionness": None, "log_oic": "without actionness"}

_AUGMIX = {
    "views": "AugmentedViews",
    "views.n_views": "32",
    "views.crop": "False",
    "views.flip": "0.0",
    "views.augmix": "per_frame",
    "views.augmix_operations": "all",
    "views.severity": "1",
}
_ON_ORIGINAL = {"class_position": "end", "full_stop": "True", "saliency": "exact", "prediction": "original"}
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
    "views.crop_interpolation": "bilinear",
    "views.flip": "0.5",
    "views.augmix": "none",
}
_TPT_AUTHORS = {**_TPT_ON_IMAGES, "views.augmix": "per_clip"}
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
    "TPT": {None: _TPT, "as on images": _TPT_ON_IMAGES, "authors' code": _TPT_AUTHORS},
    "DTS-TPT": {None: _DTS_TPT},
    "ZAR": {None: _ZAR},
    **MEMORIES,
}
# The models that a paper adapts without a word in the method's name. ZAR's pretraining is ViFi-CLIP's recipe.
_MODELS = {"ZAR": ("CLIP", "ViFi-CLIP")}
_NAMED = {
    ("DTS-TPT", "texts", "names"): "TS-TPT only",
    ("DTS-TPT", "schedule", "all, all, all"): "DSC only",
}


def method_of(settings: RunSettings | LocalizationSettings) -> tuple[str, str | None]:
    """Method and variant of a run, by the names that published figures have.

    Args:
        settings: Of the run.

    Returns:
        The method, that of the adaptation for an adapted run; and its variant, None for the method as published.
    """
    if isinstance(settings, LocalizationSettings):
        return _localizer(settings)
    method, variant = _recognizer(settings)
    if not settings.adaptation:
        return method, variant
    return adapted_method(dict(settings.adaptation), method if variant is None else f"{method} ({variant})")


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


def scorer_of(settings: RunSettings) -> str:
    """The scorer of a test: recorded, or by the configuration of an old result."""
    scorer = dict(settings.test).get("scorer") or dict(settings.model_arguments).get("scoring.scorer")
    return scorer or NOT_RECORDED


def start_of(settings: RunSettings) -> str:
    """What the training of a row started from: "CLIP", or the data set that its start was trained on."""
    training = dict(settings.training)
    if not training:
        return NOT_RECORDED
    start = training.get("start_from.trained_on", "None")
    return FROM_CLIP if start == "None" else start


def _recognizer(settings: RunSettings) -> tuple[str, str | None]:
    name = settings.model.split(".")[-1]
    arguments = dict(settings.model_arguments)
    if name == "T2L" and {"temporal_tokens", "diversity_weight"} <= arguments.keys():
        return name, t2l_variant(arguments, dict(settings.training))
    method = _METHODS.get(name, name)
    if method in ("BIKE", "Open-VCLIP", "TACO"):
        return method, trained_model_variant(method, settings, scorer_of(settings))
    if method not in _PRETRAINED:
        return method, None
    departures = []
    if method == "AP-CLIP":
        departures += ["without MAKA"] if scorer_of(settings) == "mean_pooled_cosine" else []
        departures += [text] if (text := _text_of_ap_clip(settings)) is not None else []
    departures += with_structure(dict(settings.training))
    departures += ["pretrained on Kinetics-400"] if start_of(settings) == "kinetics400" else []
    return method, ", ".join(departures) or None


def _text_of_ap_clip(settings: RunSettings) -> str | None:
    """The text in place of action prompts of all attributes; None for these, and for text that no paper has."""
    kinds = {kind_of_text(source) for source in settings.class_text}
    named = next((words for kind, words in _TEXTS_OF_AP_CLIP.items() if kinds == {kind}), None)
    if kinds == {"template"}:
        named = _TEMPLATES_OF_AP_CLIP.get(settings.class_text[0].partition(": ")[2])
    if all(_WITHOUT_BODY in source for source in settings.class_text):
        named = "without body attributes"
    return named


def _localizer(settings: LocalizationSettings) -> tuple[str, str | None]:
    name = settings.model.split(".")[-1]
    if name != "T3AL":
        return name, None
    arguments = dict(settings.model_arguments)
    has_memory = "memory.order" in arguments
    if not has_memory and arguments.get("tuning.n_steps") == "0" and arguments.get("segment_score") in _FREEZAD:
        return FREEZAD, _FREEZAD[arguments["segment_score"]]
    oracles = [oracle for key, oracle in _ORACLES.items() if arguments.get(f"oracles.{key}") == "True"]
    variants = [f"oracle: {'all three' if len(oracles) == len(_ORACLES) else ', '.join(oracles)}"] if oracles else []
    loss = _LOSSES.get(arguments.get("tuning.loss", "paper"))
    if arguments.get("tuning.n_steps") == "0":
        variants.append("T = 0, two passes" if arguments.get("memory.order") == "two_pass" else "T = 0")
    elif loss is not None:
        variants.append(loss)
    elif arguments.get("suppression") == "None" and not oracles:
        variants.append("without suppression")
    return LLT if has_memory else name, "; ".join(variants) or None


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
