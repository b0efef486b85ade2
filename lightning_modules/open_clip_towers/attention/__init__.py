"""The attention of a visual tower, observed while it embeds frames."""
