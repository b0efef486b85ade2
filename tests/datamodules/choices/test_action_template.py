from zsar.datamodules.choices.action_template import ACTION_TEMPLATE
from zsar.datamodules.class_text.templates import fill_templates
from zsar.lightning_modules.command_line.localize.localize_options import COMMAND


def test_localize_offers_it_and_it_takes_a_name() -> None:
    assert COMMAND.parse(["a.mp4", "--classes", "surfing"]).text.template == ACTION_TEMPLATE
    assert fill_templates("own", ["surfing"], ACTION_TEMPLATE).prompts == (("a video of action surfing",),)
