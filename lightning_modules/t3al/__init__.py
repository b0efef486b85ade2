"""T3AL: temporal action localization without training. See the README in this folder."""

from zsar.lightning_modules.t3al.t3al import T3AL

__all__ = ["T3AL"]
