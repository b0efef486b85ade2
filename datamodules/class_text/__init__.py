"""Class text for models: class names in templates, or descriptions."""
