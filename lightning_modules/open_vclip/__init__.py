"""Open-VCLIP: fine-tuned CLIP whose frames see their neighbours. See the README in this folder."""

from zsar.lightning_modules.open_vclip.open_vclip import OpenVCLIP

__all__ = ["OpenVCLIP"]
