"""zsar: zero-shot action recognition in video."""

from zsar.runtime.code_version import __version__

__all__ = ["__version__"]
