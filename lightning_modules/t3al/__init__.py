"""T3AL: actions found in untrimmed videos without training. See the README beside this file."""

from zsar.lightning_modules.t3al.t3al import T3AL

__all__ = ["T3AL"]
