"""AugMix: mixes of images with changed copies of them."""
