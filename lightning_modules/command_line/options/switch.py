"""An option that is on, off or not given."""

from __future__ import annotations

import argparse
from typing import Any


class Switch(argparse.BooleanOptionalAction):
    """`--name` and `--no_name`; None where neither is given."""

    def __init__(self, option_strings: list[str], **settings: Any) -> None:  # noqa: ANN401 - argparse's own
        """The action of argparse, with an underscore in the second spelling."""
        super().__init__(option_strings, **settings)
        self.option_strings = [name.replace("--no-", "--no_") for name in self.option_strings]

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Stores whether the option was given as it is or with `no_`."""
        setattr(namespace, self.dest, not str(option_string).startswith("--no_"))
