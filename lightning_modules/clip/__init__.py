"""CLIP on videos: frozen, and fine-tuned like ViFi-CLIP. See the README in this folder."""

from zsar.lightning_modules.clip.clip import FineTunedCLIP, ZeroShotCLIP

__all__ = ["FineTunedCLIP", "ZeroShotCLIP"]
