"""Recorded settings of a row beside those of a published figure: text, scorer, start, shift, precision, batch, epochs.

The settings that results.json has carried from its beginning are compared by `published_comparison`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zsar.lightning_modules.command_line.summarize.published_figures import FROM_CLIP, PublishedFigure
from zsar.lightning_modules.command_line.summarize.run_results import Run, RunSettings
from zsar.lightning_modules.run_folders.run_record import NOT_RECORDED

Pair = tuple[str, object, object]
"""What it is called, ours, and the figure's, None where the paper does not tell."""


def recorded_pairs(runs: Sequence[Run], figure: PublishedFigure) -> list[Pair]:
    """Settings of a row and of a figure, to be compared.

    Args:
        runs: The runs of the row, which share their settings.
        figure: The figure.

    Returns:
        A pair for each setting that both sides could have; ours is "not recorded" where an old result lacks it.
    """
    settings = runs[0].settings
    test, training = dict(settings.test), dict(settings.training)
    pairs: list[Pair] = [
        ("prompts a class", _prompts(settings, test), figure.prompts_per_class),
        ("scorer", scorer_of(settings), figure.scorer),
        ("precision", test.get("precision", NOT_RECORDED), figure.precision),
    ]
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
    return [
        (f"training {name}", training.get(key, NOT_RECORDED), theirs)
        for name, key, theirs in both
        if training.get(key) != tested.get(key)
    ]


def text_changes(runs: Sequence[Run]) -> list[str]:
    """In what the class text of tests is of another kind than that of training, each change once."""
    return list(dict.fromkeys(run.text_change for run in runs if run.text_change is not None))


def differing(pairs: Sequence[Pair]) -> list[str]:
    """Pairs of which both sides are known and differ, ours / theirs."""
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


def _prompts(settings: RunSettings, test: Mapping[str, str]) -> str:
    """Prompts of each class in the test; an adaptation that reads names alone has one."""
    return "1" if settings.class_text == ("names",) else test.get("class_text.prompts_per_class", NOT_RECORDED)


def _batch(training: Mapping[str, str]) -> str:
    """Videos of an optimizer step, and how they come about where that is not in one piece."""
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
