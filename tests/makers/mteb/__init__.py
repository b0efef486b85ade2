"""Small models, their checkpoints, and a localizer whose segments are known."""
