"""Settings of a row beside those of a published figure: what differs, and what one of the two does not state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from zsar.lightning_modules.command_line.summarize.published.method_names import scorer_of, start_of
from zsar.lightning_modules.command_line.summarize.published.published_figures import PublishedFigure
from zsar.lightning_modules.command_line.summarize.published.t3al_settings import FREEZAD, LLT, t3al_pairs
from zsar.lightning_modules.command_line.summarize.published.trained_model_names import published_tuned_share
from zsar.lightning_modules.command_line.summarize.results.localization_results import LocalizationSettings
from zsar.lightning_modules.command_line.summarize.results.recognition_results import Run, RunSettings
from zsar.lightning_modules.command_line.summarize.results.run_groups import LocalizationGroup, RunGroup
from zsar.lightning_modules.run_folders.run_record import NOT_RECORDED, kind_of_text

Pair = tuple[str, object, object]
"""What it is called, ours, and the figure's, None where the paper does not tell."""

_TEXT_KINDS = {"names": "template"}  # the prompt of an adaptation before the name
_ALL_DRAWS = 10
_EVERY_FRAME = "1 frame"
_CLIPS_GEOMETRY, _CLIPS_FILTER = "crop", "bicubic"
_GEOMETRY = "squash"  # T3AL: "resizing them to a resolution of 224x224"


def compared_settings(group: RunGroup | LocalizationGroup, figure: PublishedFigure) -> list[Pair]:
    """Settings of a row and of a figure.

    Args:
        group: The row, whose runs share their settings.
        figure: The figure.

    Returns:
        A pair for each setting that both sides could have; ours is "not recorded" where an old result lacks it.
    """
    if isinstance(group, LocalizationGroup):
        return _localization_pairs(group, figure)
    return [*_recognition_pairs(group, figure), *_recorded_pairs(group.runs, figure)]


def departures(group: RunGroup | LocalizationGroup) -> list[str]:
    """Departures from what all papers on recognition do: OpenAI's weights, tuned whole; published lists; all videos.

    Args:
        group: The row.

    Returns:
        Each departure, ours / theirs; nothing for localizers.
    """
    if isinstance(group, LocalizationGroup):
        return []
    settings = group.settings
    weights = [
        Path(name).name for name in sorted({run.weights for run in group.runs if run.weights}) if name != "openai"
    ]
    is_drawn = settings.protocol in ("base_to_novel", "few_shot") and not settings.lists
    share = dict(settings.model_arguments).get("tuned_share", "1.0")
    usual_share = published_tuned_share(settings.model.split(".")[-1], clip_model(settings))
    n_failed = max(run.n_failed for run in group.runs)
    n_damaged = max(run.n_damaged for run in group.runs)
    n_excluded = max(run.n_excluded for run in group.runs)
    # The text of an adaptation is its own, in papers too.
    has_other_text = bool(text_changes(group.runs)) and not settings.adaptation and not _tests_other_text(settings)
    possible = [
        (bool(weights), f"weights {', '.join(weights)} / openai"),
        (is_drawn, "split drawn / published lists"),
        (float(share) != usual_share, f"share of the tuned weights {share} / {usual_share}"),
        (n_failed > 0, f"undecodable videos that count as wrong {n_failed} / 0"),
        (n_damaged > 0, f"damaged frames that were accepted {n_damaged} / 0"),
        (n_excluded > 0, f"videos left out {n_excluded} / 0"),
        (has_other_text, "tested with another kind of class text than trained"),
    ]
    return [departure for is_ours, departure in possible if is_ours]


def text_changes(runs: Sequence[Run]) -> list[str]:
    """In what the class text of tests is of another kind than that of training, each change once."""
    return list(dict.fromkeys(run.text_change for run in runs if run.text_change is not None))


def differing(pairs: Sequence[Pair]) -> list[str]:
    """Settings that both sides state and that differ, ours / theirs."""
    return [
        f"{name} {ours} / {theirs}"
        for name, ours, theirs in pairs
        if theirs is not None and str(ours) not in (str(theirs), NOT_RECORDED)
    ]


def unknown(pairs: Sequence[Pair]) -> list[str]:
    """What cannot be compared: settings that our result does not record, and those that the paper does not state."""
    unrecorded = [name for name, ours, theirs in pairs if theirs is not None and ours == NOT_RECORDED]
    untold = [name for name, _, theirs in pairs if theirs is None]
    untold = [name for name in untold if name.removeprefix("training ") not in set(untold) - {name}]
    told = (("not recorded", unrecorded), ("not stated", untold))
    return [f"{what}: {', '.join(names)}" for what, names in told if names]


def clip_model(settings: RunSettings | LocalizationSettings) -> str:
    """The CLIP model of a row, in the naming of published figures."""
    return settings.architecture.removesuffix("-quickgelu")


def _text_kinds(sources: Iterable[str]) -> str:
    kinds = [kind_of_text(source) for source in sources]
    return "+".join(dict.fromkeys(_TEXT_KINDS.get(kind, kind) for kind in kinds))


def _recognition_pairs(group: RunGroup, figure: PublishedFigure) -> list[Pair]:
    """Settings that results.json has carried from its beginning."""
    settings = group.settings
    pairs: list[Pair] = [
        ("architecture", clip_model(settings), figure.architecture),
        ("trained on", settings.trained_on or "nothing", figure.trained_on or "nothing"),
        ("frames", settings.n_frames, figure.n_frames),
        ("views", _predicted_views(settings), figure.n_views),
        ("class text", _text_kinds(settings.class_text), figure.class_text),
    ]
    if figure.n_tuning_frames is not None:
        pairs.append(("frames to tune on", _tuning_frames(settings), figure.n_tuning_frames))
    if settings.classes != "all" or figure.classes is not None:
        # "halves": the paper does not tell how they were drawn
        ours = "halves" if figure.classes == "halves" and settings.classes.startswith("halves") else settings.classes
        pairs.append(("classes", ours, figure.classes or "all"))
    if settings.test_videos != "official" or figure.test_videos is not None:
        pairs.append(("test videos", settings.test_videos, figure.test_videos or "official"))
    if settings.protocol != "base_to_novel":
        return [*pairs, ("folds", group.n_folds, figure.n_folds)]
    if settings.trained_on is not None and figure.shots is not None:
        is_known = settings.trained_on != NOT_RECORDED
        pairs.append(("shots", settings.shots or "all" if is_known else NOT_RECORDED, figure.shots))
    return [*pairs, ("runs", len(group.runs), figure.n_folds)]


def _recorded_pairs(runs: Sequence[Run], figure: PublishedFigure) -> list[Pair]:
    """Settings that are recorded since: text, scorer, start, shift, precision, batch, epochs."""
    settings = runs[0].settings
    test, training = dict(settings.test), dict(settings.training)
    pairs: list[Pair] = [
        ("prompts a class", _prompts(settings, test), figure.prompts_per_class),
        ("scorer", scorer_of(settings), figure.scorer),
        ("precision", test.get("precision", NOT_RECORDED), figure.precision),
    ]
    if figure.frame_statistics is not None:
        pairs.append(("frame statistics", test.get("frame_statistics", NOT_RECORDED), figure.frame_statistics))
    if figure.sampling is not None:
        pairs.append(("middle frames", test.get("sampling", NOT_RECORDED), figure.sampling))
    for name, papers in (("geometry", _CLIPS_GEOMETRY), ("resize_filter", _CLIPS_FILTER)):
        if (ours := test.get(name, papers)) not in (papers, "None"):  # all papers test CLIP
            pairs.append((name.replace("_", " "), ours, papers))
    if settings.shift or figure.shift is not None:
        pairs.append(("shift", settings.shift or "none", figure.shift))
    if settings.trained_on is None or figure.trained_on is None:
        return pairs
    if not training:
        return [*pairs, ("training", NOT_RECORDED, "its recipe")]
    return [
        *pairs,
        *_trained_otherwise(settings, test, training, figure),
        ("started from", start_of(settings), figure.start_from),
        ("batch", _batch(training), figure.batch),
        ("epochs", _epochs(runs, training), figure.epochs),
    ]


def _localization_pairs(group: LocalizationGroup, figure: PublishedFigure) -> list[Pair]:
    settings = group.settings
    n_draws = settings.n_sets if settings.n_sets > 1 else group.n_folds
    return [
        ("architecture", clip_model(settings), figure.architecture),
        ("trained on", "nothing", "the other classes" if figure.trained_on else "nothing"),
        ("frames", f"one in {settings.stride}", f"one in {_EVERY_FRAME}"),
        ("geometry", settings.geometry, _GEOMETRY),
        ("draws", n_draws, _ALL_DRAWS),
        ("class text", _text_kinds(settings.class_text), figure.class_text),
        ("precision", dict(settings.test).get("precision", NOT_RECORDED), figure.precision),
        ("classes", "drawn" if settings.split_lists is None else "published lists", "published lists"),
        *(t3al_pairs(settings, figure.method) if figure.method in ("T3AL", FREEZAD, LLT) else ()),
    ]


def _predicted_views(settings: RunSettings) -> int | str:
    """Views that a prediction is made of; views that only tune a prompt do not count."""
    adaptation = dict(settings.adaptation)
    if adaptation.get("prediction") == "confident_views":
        return f"the confident {adaptation['confident_share']}"
    return settings.n_test_clips * settings.n_test_crops


def _tuning_frames(settings: RunSettings) -> str:
    """Frames of each view that a prompt is tuned on."""
    adaptation = dict(settings.adaptation)
    if not adaptation:
        return "none"
    own = adaptation.get("views.n_frames", "None")
    return str(settings.n_frames) if own == "None" else own


def _trained_otherwise(
    settings: RunSettings, test: Mapping[str, str], training: Mapping[str, str], figure: PublishedFigure
) -> list[Pair]:
    """Settings that training and test have in common in papers, as far as our training had them otherwise."""
    is_adapted = bool(settings.adaptation)  # then the figure's text is what prompts were tuned with
    both = [
        ("class text", "class_text.kind", None if is_adapted else figure.class_text),
        ("prompts a class", "class_text.prompts_per_class", None if is_adapted else figure.prompts_per_class),
        ("scorer", "scorer", figure.scorer),
        ("precision", "precision", figure.precision),
        ("frames", "n_frames", figure.n_frames),
    ]
    tested = {**test, "n_frames": str(settings.n_frames)}
    own = {"class text": figure.training_text, "prompts a class": figure.training_prompts}  # where a paper has others
    return [
        (f"training {name}", training.get(key, NOT_RECORDED), own.get(name) or theirs)
        for name, key, theirs in both
        if training.get(key) != tested.get(key) or own.get(name) is not None
    ]


def _tests_other_text(settings: RunSettings) -> bool:
    """Whether the method is published with another kind of class text in tests than in training: TACO."""
    return settings.model.split(".")[-1] == "TACO"


def _prompts(settings: RunSettings, test: Mapping[str, str]) -> str:
    """Prompts of each class in the test; an adaptation that reads names alone has one."""
    return "1" if settings.class_text == ("names",) else test.get("class_text.prompts_per_class", NOT_RECORDED)


def _batch(training: Mapping[str, str]) -> str:
    """Videos of an optimizer step, and in how many parts where gradients are accumulated."""
    total = training.get("trainer.batch_in_total", NOT_RECORDED)
    accumulation = training.get("trainer.accumulation", "1")
    return total if accumulation == "1" else f"{total} in {accumulation} parts"


def _epochs(runs: Sequence[Run], training: Mapping[str, str]) -> str:
    """Epochs that training was to have, and after which the weights were taken where that is another number."""
    planned = training.get("trainer.max_epochs", NOT_RECORDED)
    if training.get("trainer.max_steps", "None") != "None":
        planned = f"{planned}, at most {training['trainer.max_steps']} steps"
    done = [f"{epochs:g}" for epochs in sorted({run.epochs_done for run in runs if run.epochs_done is not None})]
    return planned if done in ([], [planned]) else f"{', '.join(done)} of {planned}"
