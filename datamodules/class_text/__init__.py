"""What models read of a class: its name in templates, or a description."""
