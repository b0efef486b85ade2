"""TACO: fine-tuned CLIP that keeps the relative structure of a teacher. See the README in this folder."""

from zsar.lightning_modules.taco.taco import TACO

__all__ = ["TACO"]
