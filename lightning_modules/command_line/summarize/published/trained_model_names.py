"""What a test of T2L, BIKE, Open-VCLIP or TACO is called: by its score, which papers leave open, or what is left out.

BIKE has two published scores, with its head and without it, and a prompt over it is tuned with a third. They are never
called the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from zsar.lightning_modules.command_line.summarize.results.recognition_results import RunSettings
from zsar.lightning_modules.run_folders.run_record import kind_of_text

# Temporal tokens and TFD of a T2L run, and what the paper's ablations call it here.
_T2L_VARIANTS = {
    ("all", True): None,
    ("none", False): "adapters only",
    ("none", True): "TFD without TTL",
    ("all", False): "TTL without TFD",
}
_T2L_OF_AUTHORS = {("contrastive_loss", "in_batch"): "in-batch loss", ("unbiased_diversity", "True"): "unbiased TFD"}
_HEAD, _TOWER = "video_head", "visual_tower"
# Whose frames are compared and how -> the score.
_BIKE_SCORES = {
    (_HEAD, "concept_spotting"): "head and concept spotting",
    (_TOWER, "frame_voting"): "frame voting",
    (_HEAD, "mean_pooled_cosine"): "mean of the head's frames",
    (_TOWER, "mean_pooled_cosine"): "mean of the tower's frames",
}
_OF_BIKE = (_HEAD, "concept_spotting")
_OF_TUNED_BIKE = (_HEAD, "mean_pooled_cosine")  # our reading of DTS-TPT
_STRUCTURE_OF_TACO = {"weight": "0.4", "n_anchors": "200", "teacher_momentum": "0.9998"}
_TACO_WITHOUT = {
    ("specialization", "False"): "without projection",
    ("tunes_token_embedding", "False"): "token embedding frozen",
    ("tune", "visual"): "visual tower only",
    ("tune", "text"): "text tower only",
}
_SHARE_OF_OPEN_VCLIP = {"ViT-L-14": 0.4}  # others 0.5; its authors count CLIP's share


def trained_model_variant(method: str, settings: RunSettings, scorer: str) -> str | None:
    """In what a test departs from its method's.

    Args:
        method: "BIKE", "Open-VCLIP" or "TACO".
        settings: Of the run.
        scorer: How frames and prompts are compared, as `Scoring.scorer` has it.

    Returns:
        The departures; None for none.
    """
    arguments = dict(settings.model_arguments)
    if method == "BIKE":
        return bike_variant(arguments, scorer, is_adapted=bool(settings.adaptation))
    if method == "TACO":
        return taco_variant(dict(settings.training), scorer)
    has_action_prompts = {kind_of_text(source) for source in settings.class_text} == {"action_prompts"}
    return open_vclip_variant(arguments, scorer, has_action_prompts=has_action_prompts)


def t2l_variant(arguments: Mapping[str, str], training: Mapping[str, str]) -> str | None:
    """In what a test of T2L departs from the paper's model.

    Args:
        arguments: The model's arguments by dotted name.
        training: Settings of its training.

    Returns:
        The parts that are left out, the layers with temporal tokens, losses as in the authors' code, and TACO's; None
        for none.
    """
    tokens, has_tfd = arguments["temporal_tokens"], float(arguments["diversity_weight"]) > 0
    if (tokens, has_tfd) in _T2L_VARIANTS:
        part = _T2L_VARIANTS[tokens, has_tfd]
        variants = [] if part is None else [part]
    else:
        layers = "the first layer only" if tokens in ("first", "[0]") else f"layers {tokens.strip('[]')}"
        variants = [f"TTL in {layers}", *([] if has_tfd else ["without TFD"])]
    variants += [words for (key, value), words in _T2L_OF_AUTHORS.items() if arguments.get(key) == value]
    return ", ".join([*variants, *with_structure(training)]) or None


def bike_variant(arguments: Mapping[str, str], scorer: str, *, is_adapted: bool) -> str | None:
    """In what a test of BIKE departs from the score that its papers are taken to have.

    Args:
        arguments: The model's arguments by dotted name.
        scorer: How frames and prompts are compared, as `Scoring.scorer` has it.
        is_adapted: Whether a prompt was tuned: DTS-TPT's features of a view are the same for all classes, which the
            mean of the head's frames is, and spotting not.

    Returns:
        The score; None for the head with concept spotting, or for the mean of the head's frames if adapted.
    """
    has_head = arguments.get("n_head_layers", "6") != "0"
    score = (arguments.get("frame_source", _HEAD) if has_head else _TOWER, scorer)
    if score == (_OF_TUNED_BIKE if is_adapted else _OF_BIKE):
        return None
    return _BIKE_SCORES.get(score, f"{scorer.replace('_', ' ')} of the {score[0].replace('_', ' ')}")


def open_vclip_variant(arguments: Mapping[str, str], scorer: str, *, has_action_prompts: bool) -> str | None:
    """In what a test of Open-VCLIP departs from its authors'.

    Args:
        arguments: The model's arguments by dotted name.
        scorer: How frames and prompts are compared, as `Scoring.scorer` has it.
        has_action_prompts: Whether the class text is AP-CLIP's action prompts, which it does not say how to score.

    Returns:
        The departures; None for none.
    """
    departures = []
    if has_action_prompts:
        departures.append("with action prompts" if scorer == "late_interaction" else "with action prompts, their mean")
    elif scorer != "mean_frame_cosine":
        departures.append(scorer.replace("_", " "))
    if arguments.get("neighbour_attention") == "False":
        departures.append("without neighbouring frames")
    return ", ".join(departures) or None


def taco_variant(training: Mapping[str, str], scorer: str) -> str | None:
    """In what a training of TACO, or its score, departs from its authors'.

    Args:
        training: The record of the training by dotted name; empty if there is none.
        scorer: How frames and prompts are compared, as `Scoring.scorer` has it.

    Returns:
        The departures; None for none.
    """
    departures = []
    if training.get("model.structure") == "None" or float(training.get("model.structure.weight", 1)) == 0:
        departures.append("without structure distillation")
    else:
        stated = {name: training.get(f"model.structure.{name}", value) for name, value in _STRUCTURE_OF_TACO.items()}
        departures += [
            f"{name.replace('n_', '').replace('_', ' ')} {stated[name]}"
            for name, value in _STRUCTURE_OF_TACO.items()
            if float(stated[name]) != float(value)
        ]
    departures += [words for (name, value), words in _TACO_WITHOUT.items() if training.get(f"model.{name}") == value]
    departures += [scorer.replace("_", " ")] if scorer != "mean_pooled_cosine" else []
    return ", ".join(departures) or None


def with_structure(training: Mapping[str, str]) -> list[str]:
    """What TACO's term of the loss adds to the name of another method that was trained with it; empty without it.

    Args:
        training: The record of the training by dotted name; empty if there is none.
    """
    return ["with structure distillation"] if float(training.get("model.structure.weight", 0)) > 0 else []


def published_tuned_share(model: str, architecture: str) -> float:
    """The share of the tuned weights, in their mean with CLIP's, that a method's authors test with.

    Args:
        model: Name of the model's class.
        architecture: The CLIP model, in the naming of published figures.
    """
    return _SHARE_OF_OPEN_VCLIP.get(architecture, 0.5) if model == "OpenVCLIP" else 1.0
