import json
from typing import Any

import pytest

from tests.makers.command_line.chat_server import action_prompts
from zsar.datamodules.class_text.action_prompts import ATTRIBUTES
from zsar.lightning_modules.command_line.describe.class_questions import ClassQuestion
from zsar.lightning_modules.command_line.describe.retrying import BadAnswerError

GOOD = "A climber pulls up a rock face with both hands and pushes with one foot."
ROCK = ClassQuestion("rock climbing", "description")
PROMPTS = ClassQuestion("rock climbing", "action_prompts", per_attribute=2)


def changed(**attributes: Any) -> str:
    """An answer that would be accepted but for these attributes."""
    return json.dumps({**json.loads(action_prompts("rock climbing", 2)), **attributes})


def test_questions_say_what_the_papers_say() -> None:
    assert 'Describe "rock climbing" as an action performed by humans.' in ROCK.words
    assert 'What does "rock climbing" mean' in ClassQuestion("rock climbing", "explanation").words
    for attribute in ATTRIBUTES:
        assert f"- {attribute.name}: {attribute.question}" in PROMPTS.words
    assert "each with a list of 2 strings" in PROMPTS.words
    assert (ROCK.n_texts, PROMPTS.n_texts) == (1, 24)


@pytest.mark.parametrize(
    "answer",
    [GOOD, f"  {GOOD}\n", f'"{GOOD}"', GOOD.replace(" and ", "\nand "), f"<think>Sure, **so**</think>\n\n{GOOD}"],
)
def test_a_good_description_is_put_into_one_line(answer: str) -> None:
    assert ROCK.accept(answer) == GOOD


def test_a_word_that_only_looks_like_a_preface_is_none() -> None:
    text = "Sure-footed athletes balance on narrow holds high above the ground."
    assert ROCK.accept(text) == text


BAD = [
    ("", "it is empty"),
    ("<think>hm</think>", "it is empty"),
    (f"Sure! {GOOD}", "preface 'Sure'"),
    (f"Here is a description. {GOOD}", "preface 'Here is'"),
    (f"Here\u2019s one: {GOOD}", "preface 'Here.s'"),
    (f"As an AI, I think so. {GOOD}", "preface 'As an AI'"),
    (f"Certainly: {GOOD}", "preface 'Certainly'"),
    (f"Description: {GOOD}", "preface 'Description:'"),
    ("I'm sorry, but I cannot describe this action.", "preface .I'm sorry."),
    (f"# Climbing\n{GOOD}", "markdown"),
    (f"**Climbing** {GOOD}", "markdown"),
    (f"{GOOD}\n- {GOOD}", "markdown"),
    (f"1. {GOOD}", "markdown"),
    (f"```\n{GOOD}\n```", "markdown"),
    ("One climbs rock.", "only 3 words"),
    ("A video of a person doing rock climbing.", "only repeats the name"),
    (" ".join([GOOD] * 5), "it has 75 words, and at most 60"),
    (" ".join(["one", "two", "three"] * 17), "first sentence has 51 words, and at most 50"),
]


@pytest.mark.parametrize(("answer", "message"), BAD, ids=[message for _, message in BAD])
def test_bad_descriptions_and_explanations_are_told_what_is_wrong(answer: str, message: str) -> None:
    for kind in ("description", "explanation"):
        with pytest.raises(BadAnswerError, match=message):
            ClassQuestion("rock climbing", kind).accept(answer)  # type: ignore[arg-type]


@pytest.mark.parametrize("fence", ["{}", "```json\n{}\n```", "```\n{}```", "<think>hm</think>{}"])
def test_action_prompts_are_read_from_json_fenced_or_not(fence: str) -> None:
    answer = action_prompts("rock climbing", 2)
    assert PROMPTS.accept(fence.replace("{}", answer)) == json.loads(answer)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("The climber is outside.", "it is not JSON alone"),
        ("Sure! " + changed(), "it is not JSON alone"),
        ('["a"]', "must be a JSON object, not a list"),
        ("{}", "the keys location, objects_and_props, .* are missing"),
        (changed(mood=["x"]), "the keys mood were not asked for"),
        (changed(posture="The body leans back."), "posture must be a list of strings"),
        (changed(posture=["The body leans back.", 5]), "posture must be a list of strings"),
        (changed(posture=["The body leans back."]), "posture has 1 sentences, and 2 were asked for"),
        (changed(posture=["The body leans back.", ""]), "sentence '' of posture: it has only 0 words"),
        (
            changed(posture=["The body leans back.", "the body leans BACK."]),
            "'the body leans back.' is there more than",
        ),
        (changed(posture=["The body leans back.", "A person is rock climbing."]), "only repeats the name"),
        (changed(posture=["The body leans back.", "**Upright** and long body."]), "of posture: it has markdown"),
        (changed(posture=["The body leans back.", " ".join(["long"] * 23)]), "it has 23 words, and at most 22"),
    ],
)
def test_bad_action_prompts_are_told_what_is_wrong(answer: str, message: str) -> None:
    with pytest.raises(BadAnswerError, match=message):
        PROMPTS.accept(answer)
