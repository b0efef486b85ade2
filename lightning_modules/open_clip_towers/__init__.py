"""The towers of CLIP and CoCa models of open_clip: the only importers of open_clip."""
