import json
from typing import Any

import pytest

from tests.makers.command_line.chat_server import action_prompts, sentences
from zsar.datamodules.class_text.action_prompts import ATTRIBUTES
from zsar.datamodules.class_text.text_format import Kind
from zsar.lightning_modules.command_line.describe.class_questions import ClassQuestions
from zsar.lightning_modules.command_line.describe.question_files import read_questions
from zsar.lightning_modules.command_line.describe.retrying import BadAnswerError

KINDS: tuple[Kind, ...] = ("description", "explanation", "action_prompts")
GOOD = "A climber pulls up a rock face with both hands and pushes with one foot."
ROCK = ClassQuestions("rock climbing", "description", ("Describe {class} of {data_set}.",), "sports")
PROMPTS = ClassQuestions("rock climbing", "action_prompts", ("Look at {class}.", "Name {class}."), n_sentences=2)
CUSTOMIZED = ClassQuestions("rock climbing", "customized", ("What is {class}?", "How is {class}?"), n_sentences=3)


def changed(**attributes: Any) -> str:
    """An answer that would be accepted but for these attributes."""
    return json.dumps({**json.loads(action_prompts("rock climbing", 2)), **attributes})


def test_questions_say_what_the_papers_say() -> None:
    paper = {kind: ClassQuestions("golf", kind, read_questions(None, kind).wordings) for kind in KINDS}
    (t2l,), (dts_tpt,) = paper["description"].words, paper["explanation"].words
    assert t2l.startswith("describe golf as an action performed by humans ")
    assert dts_tpt.startswith("If you're an expert in video classification. Please answer the following questions in ")
    assert "in one or two sentences. What does golf mean? " in dts_tpt
    assert [paper[kind].n_texts for kind in KINDS] == [1, 1, 36]


def test_the_class_and_the_data_set_are_put_in_and_the_form_follows() -> None:
    assert ROCK.words[0].startswith("Describe rock climbing of sports. Answer with plain English text only")
    for words in PROMPTS.words:
        for attribute in ATTRIBUTES:
            assert f"- {attribute.name}: {attribute.question}" in words
        assert "2 different short sentences of at most 22 words" in words
        assert "each with a list of 2 strings" in words
    assert CUSTOMIZED.words[1].startswith("How is rock climbing?\nWrite 3 different short sentences")
    assert (ROCK.n_texts, PROMPTS.n_texts, CUSTOMIZED.n_texts) == (1, 48, 6)


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
    ("One climbs. " + " ".join(["long"] * 90), "only 2 words"),
    ("A video of a person doing rock climbing.", "only repeats the name"),
    (" ".join(["one", "two", "three"] * 26), "first sentence has 78 tokens, and at most 7[25] are allowed"),
]


@pytest.mark.parametrize(("answer", "message"), BAD, ids=[message for _, message in BAD])
def test_bad_descriptions_and_explanations_are_told_what_is_wrong(answer: str, message: str) -> None:
    for kind in ("description", "explanation"):
        with pytest.raises(BadAnswerError, match=message):
            ClassQuestions("rock climbing", kind, ("{class}?",)).accept(answer)  # type: ignore[arg-type]


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
        (
            changed(posture=["The body leans back.", " ".join(["long"] * 31)]),
            "first sentence has 31 tokens, and at most 30",
        ),
    ],
)
def test_bad_action_prompts_are_told_what_is_wrong(answer: str, message: str) -> None:
    with pytest.raises(BadAnswerError, match=message):
        PROMPTS.accept(answer)


def test_sentences_that_are_too_long_are_cut_where_one_ends() -> None:
    """AP-CLIP: at most 30 tokens, "truncating at the end of a sentence"; answers with a second sentence are cut."""
    cut = "The body leans back from the wall."
    answer = changed(posture=[f"{cut} {' '.join(['long'] * 30)}.", "Hands are high."])
    texts = PROMPTS.accept(answer)
    assert isinstance(texts, dict)
    assert texts["posture"] == [cut, "Hands are high."]


def test_customized_texts_are_a_json_list() -> None:
    answer = sentences("rock climbing", 3)
    assert CUSTOMIZED.accept(f"```\n{answer}\n```") == json.loads(answer)
    for wrong, message in [
        ("{}", "the answer must be a list of strings"),
        ('["The climber hangs high."]', "the answer has 1 sentences, and 3 were asked for"),
        (json.dumps(["The climber hangs high."] * 3), "'the climber hangs high.' occurs more than once"),
    ]:
        with pytest.raises(BadAnswerError, match=message):
            CUSTOMIZED.accept(wrong)


def test_answers_are_put_together_in_the_order_of_the_questions() -> None:
    answers = [json.loads(action_prompts("rock climbing", 2, said)) for said in "ab"]
    both = PROMPTS.combined(answers)
    assert isinstance(both, dict)
    assert list(both) == [attribute.name for attribute in ATTRIBUTES]
    assert both["posture"] == answers[0]["posture"] + answers[1]["posture"]
    assert CUSTOMIZED.combined([["a", "b"], ["c"]]) == ["a", "b", "c"]
    assert CUSTOMIZED.combined([["a"]]) == ["a"]
    assert ROCK.combined(["a"]) == "a"
    assert ROCK.combined(["a", "b"]) == ["a", "b"]


def test_a_sentence_of_an_earlier_answer_is_not_accepted_again() -> None:
    answer = action_prompts("rock climbing", 2)
    with pytest.raises(BadAnswerError, match="'visible thing 0 of rock climbing .* occurs more than once"):
        PROMPTS.accept(answer, [json.loads(answer)])
