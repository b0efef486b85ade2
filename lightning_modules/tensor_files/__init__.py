"""Files of tensors, read without running anything that they hold."""
