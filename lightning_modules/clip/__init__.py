"""CLIP on videos: frozen, and fine-tuned as ViFi-CLIP is. See the README beside this file."""

from zsar.lightning_modules.clip.clip import FineTunedCLIP, ZeroShotCLIP

__all__ = ["FineTunedCLIP", "ZeroShotCLIP"]
