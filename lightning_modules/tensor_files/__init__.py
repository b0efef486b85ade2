"""Files of tensors, read without running code from them."""
