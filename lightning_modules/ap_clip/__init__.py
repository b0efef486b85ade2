"""AP-CLIP: action-conditioned prompts and late interaction. See the README in this folder."""

from zsar.lightning_modules.ap_clip.ap_clip import APCLIP

__all__ = ["APCLIP"]
