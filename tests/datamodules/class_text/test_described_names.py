import pytest

from zsar.datamodules.batch import ClassText
from zsar.datamodules.class_text.described_names import fill_with_descriptions
from zsar.datamodules.class_text.templates import TEMPLATES

TEXT = ClassText(
    "test",
    ("brush hair", "golf"),
    (("A person is using a brush to style their hair.",), ("A person hits a ball. It flies",)),
    "descriptions: mine.json",
)


def test_templates_are_filled_with_the_name_and_the_text_without_its_full_stop() -> None:
    """HMDB's line in methods/taco.md: "Brush hair: A person is using a brush to style their hair"."""
    filled = fill_with_descriptions(TEXT, ["This is a video about {}", "a photo of {}."])
    assert filled.prompts == (
        (
            "This is a video about Brush hair: A person is using a brush to style their hair",
            "a photo of Brush hair: A person is using a brush to style their hair.",
        ),
        (
            "This is a video about Golf: A person hits a ball. It flies",
            "a photo of Golf: A person hits a ball. It flies.",
        ),
    )
    assert (filled.set_name, filled.names) == (TEXT.set_name, TEXT.names)
    assert filled.templates == ("This is a video about {}", "a photo of {}.")


def test_the_source_names_the_file_and_the_templates() -> None:
    filled = fill_with_descriptions(TEXT, "open_vclip")
    assert filled.source == "descriptions: mine.json after the name, in templates: open_vclip"
    assert filled.content_hash != fill_with_descriptions(TEXT, "video").content_hash


def test_the_28_templates_of_taco_are_those_of_open_vclip() -> None:
    """methods/taco.md: four beginnings, each with seven endings."""
    verbs = ("using", "doing", "during", "performing", "practicing")
    endings = ("{}.", "a person {}.", *(f"a person {verb} {{}}." for verb in verbs))
    beginnings = ("a photo of", "a video of", "a example of", "a demonstration of")
    assert set(TEMPLATES["open_vclip"]) == {f"{first} {last}" for first in beginnings for last in endings}


def test_a_class_of_several_texts_is_refused() -> None:
    several = ClassText("test", ("golf", "run"), (("a", "b"), ("c", "d")), "customized texts: mine.json")
    with pytest.raises(ValueError, match=r"customized texts: mine.json has 2; .*set text.names to clean"):
        fill_with_descriptions(several, "video")
