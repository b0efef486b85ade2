"""Where a localizer errs: precision and recall by class, kinds of false positives, and missed instances."""
