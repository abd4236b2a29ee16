"""Embedders beside the built-in one. They need model files, which are only used when they are on this machine."""
