"""A memory of confident test videos that corrects logits: TDA and DMN. See the README in this folder."""

from zsar.callbacks.confidence_memory.confidence_memory import ConfidenceMemory

__all__ = ["ConfidenceMemory"]
