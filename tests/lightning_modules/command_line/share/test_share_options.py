from zsar.lightning_modules.command_line.share.share_options import COMMAND


def test_clip_s_weights_are_included_unless_left_out() -> None:
    assert not COMMAND.parse(["a.ckpt", "--output", "f"]).without_backbone
    assert COMMAND.parse(["a.ckpt", "--output", "f", "--without_backbone"]).without_backbone
