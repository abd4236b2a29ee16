"""A vision model on an OpenAI-compatible endpoint, and its second opinion on views."""
