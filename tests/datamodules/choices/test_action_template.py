from zsar.datamodules.choices.action_template import ACTION_TEMPLATE, TRAINED_TEMPLATE
from zsar.datamodules.class_text.templates import fill_templates
from zsar.lightning_modules.command_line.localize.localize_options import COMMAND
from zsar.lightning_modules.command_line.localize.requested_search import requested_names


def test_localize_fills_them_by_default_and_they_take_a_name() -> None:
    given = ["a.mp4", "--classes", "surfing, swimming"]
    for arguments, template in ((given, ACTION_TEMPLATE), ([*given, "--checkpoint", "c.ckpt"], TRAINED_TEMPLATE)):
        text = requested_names(COMMAND.parse(arguments))
        assert text.prompts == fill_templates("own", ["surfing", "swimming"], template).prompts
    assert fill_templates("own", ["surfing"], ACTION_TEMPLATE).prompts == (("a video of action surfing",),)
