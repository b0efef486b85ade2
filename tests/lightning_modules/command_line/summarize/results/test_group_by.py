from typing import get_args

from zsar.lightning_modules.command_line.summarize.results.group_by import GroupBy
from zsar.lightning_modules.command_line.summarize.summarize_options import COMMAND


def test_the_command_offers_each() -> None:
    for by in get_args(GroupBy):
        assert COMMAND.parse(["runs/t2l", "--group_by", by]).group_by == by
