import pytest

from zsar.lightning_modules.command_line.summarize.published.trained_model_names import (
    bike_variant,
    open_vclip_variant,
    published_tuned_share,
    taco_variant,
    with_structure,
)


@pytest.mark.parametrize(
    ("arguments", "scorer", "alone", "tuned"),
    [
        ({}, "concept_spotting", None, "head and concept spotting"),
        ({"frame_source": "visual_tower"}, "frame_voting", "frame voting", "frame voting"),
        ({"frame_source": "video_head"}, "mean_pooled_cosine", "mean of the head's frames", None),
        ({"frame_source": "visual_tower"}, "mean_pooled_cosine", *["mean of the tower's frames"] * 2),
        ({"n_head_layers": "0"}, "mean_pooled_cosine", *["mean of the tower's frames"] * 2),
        ({"n_head_layers": "0"}, "concept_spotting", *["concept spotting of the visual tower"] * 2),
        ({}, "frame_voting", *["frame voting of the video head"] * 2),
    ],
)
def test_no_two_scores_of_bike_are_called_the_same(
    arguments: dict[str, str], scorer: str, alone: str | None, tuned: str | None
) -> None:
    assert bike_variant(arguments, scorer, is_adapted=False) == alone
    assert bike_variant(arguments, scorer, is_adapted=True) == tuned


@pytest.mark.parametrize(
    ("arguments", "scorer", "has_action_prompts", "variant"),
    [
        ({}, "mean_frame_cosine", False, None),
        ({"neighbour_attention": "True"}, "mean_pooled_cosine", False, "mean pooled cosine"),
        ({"neighbour_attention": "False"}, "mean_frame_cosine", False, "without neighbouring frames"),
        ({}, "late_interaction", True, "with action prompts"),
        ({}, "mean_frame_cosine", True, "with action prompts, their mean"),
    ],
)
def test_open_vclip_is_called_by_text_score_and_attention(
    arguments: dict[str, str], scorer: str, has_action_prompts: bool, variant: str | None
) -> None:
    assert open_vclip_variant(arguments, scorer, has_action_prompts=has_action_prompts) == variant


@pytest.mark.parametrize(
    ("training", "variant"),
    [
        ({"model.structure.weight": "0.4", "model.specialization": "True"}, None),
        ({"model.structure": "None", "model.specialization": "True"}, "without structure distillation"),
        ({"model.structure.weight": "0.0", "model.specialization": "True"}, "without structure distillation"),
        ({"model.structure.weight": "0.4", "model.specialization": "False"}, "without projection"),
        (
            {"model.structure": "None", "model.specialization": "False"},
            "without structure distillation, without projection",
        ),
        ({}, None),  # a training that is not recorded
    ],
)
def test_taco_is_called_by_the_parts_that_its_training_had(training: dict[str, str], variant: str | None) -> None:
    assert taco_variant(training, "mean_pooled_cosine") == variant
    is_on = training.get("model.structure.weight") == "0.4"
    assert with_structure(training) == (["with structure distillation"] if is_on else [])


def test_open_vclip_is_tested_with_a_share_of_the_tuned_weights_and_others_with_all_of_them() -> None:
    shares = [published_tuned_share("OpenVCLIP", name) for name in ("ViT-B-16", "ViT-B-32", "ViT-L-14")]
    assert shares == [0.5, 0.5, 0.4]
    assert published_tuned_share("FineTunedCLIP", "ViT-L-14") == 1.0
