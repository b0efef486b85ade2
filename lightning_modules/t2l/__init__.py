"""T2L: temporal token learning. See the README in this folder."""

from zsar.lightning_modules.t2l.t2l import T2L

__all__ = ["T2L"]
