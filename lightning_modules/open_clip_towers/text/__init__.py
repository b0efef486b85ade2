"""The text towers of open_clip's models: tokens, text tower, texts within the context length."""
