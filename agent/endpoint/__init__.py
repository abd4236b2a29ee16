"""A chat model at an OpenAI-compatible endpoint: what is sent, what comes back, and what is done when it goes wrong."""

PROVIDER = "endpoint"  # marks the messages that a server wrote
