"""T2L: temporal token learning. See the README beside this file."""

from zsar.lightning_modules.t2l.t2l import T2L

__all__ = ["T2L"]
