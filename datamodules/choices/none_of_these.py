"""The answer where no class is probable enough."""

NONE_OF_THESE = "none of these"
"""What `zsar.classify` answers where the best probability is below the threshold."""
