"""The picture of temporal localization in a video."""
