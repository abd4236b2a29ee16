"""Captions: from measurements or a vision model, checked, with a list of those to read first."""
