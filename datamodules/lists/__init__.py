"""Lists of videos and classes: annotation files, split files, and splits that are drawn."""
