import argparse

import pytest

from zsar.lightning_modules.command_line.options.switch import Switch


@pytest.mark.parametrize(("typed", "expected"), [([], None), (["--fast"], True), (["--no_fast"], False)])
def test_a_switch_is_on_off_or_not_given(typed: list[str], expected: bool | None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--fast", action=Switch, default=None)
    assert parser.parse_args(typed).fast is expected
