import pytest

from zsar.datamodules.class_text.templates import TEMPLATES, fill_templates, spoken_names


def test_a_named_set_is_filled_in_order() -> None:
    text = fill_templates("val", ["surfing", "chess"], "video")
    assert text.prompts == (("a video of surfing.",), ("a video of chess.",))
    assert (text.set_name, text.source) == ("val", "templates: video")


def test_own_templates_are_taken_as_they_are() -> None:
    text = fill_templates("val", ["surfing"], ["{}", "people {} in {{braces}}"])
    assert text.prompts == (("surfing", "people surfing in {{braces}}"),)


def test_other_names_may_be_spoken_than_the_class_is_called_by() -> None:
    text = fill_templates("val", ["yo yo", "surfing"], "video", spoken=["YoYo", "Surfing"])
    assert text.names == ("yo yo", "surfing")
    assert text.prompts == (("a video of YoYo.",), ("a video of Surfing.",))


def test_action_clip_has_sixteen_templates() -> None:
    assert len(set(TEMPLATES["action_clip"])) == 16


def test_open_vclip_has_seven_wordings_for_each_of_four_media() -> None:
    templates = TEMPLATES["open_vclip"]
    assert len(set(templates)) == 28
    assert templates[:3] == ("a photo of {}.", "a photo of a person {}.", "a photo of a person using {}.")
    assert templates[-1] == "a demonstration of a person practicing {}."


@pytest.mark.parametrize("template", ["no place", "{} twice {}"])
def test_a_template_needs_one_place_for_the_name(template: str) -> None:
    with pytest.raises(ValueError, match=r"neither a template with one \{\}.*action_clip"):
        fill_templates("val", ["surfing"], template)


def test_other_words_for_a_class_fill_its_templates_alone() -> None:
    """Open-VCLIP's authors split UCF-101's names but for "Yoyo"; "yo yo" and "yoyo" are not the same tokens."""
    known = ("tai chi", "yo yo")
    assert spoken_names(known, {}, renamed={"yo yo": "yoyo"}, known=known) == ["tai chi", "yoyo"]
    assert spoken_names(("tai chi",), {}, renamed={"yo yo": "yoyo"}, known=known) == ["tai chi"]  # of another set
    exact = {"tai chi": "TaiChi", "yo yo": "YoYo"}
    assert spoken_names(known, exact, renamed=None, known=known) == ["TaiChi", "YoYo"]
    assert spoken_names(known, exact, renamed={"yo yo": "yoyo"}, known=known) == ["TaiChi", "yoyo"]


def test_a_class_that_the_data_set_lacks_cannot_be_renamed() -> None:
    with pytest.raises(ValueError, match="renamed names 'YoYo', which is no class of this data set; .*'tai chi'"):
        spoken_names(("tai chi",), {}, renamed={"YoYo": "yoyo"}, known=("tai chi", "yo yo"))
