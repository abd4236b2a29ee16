"""What transformers raises when the folder of a model is damaged or not what it should be."""


def damage() -> tuple[type[Exception], ...]:
    """The errors to catch. Too little memory is none of them: it says nothing against the folder."""
    from huggingface_hub.errors import StrictDataclassError  # slow to import
    from safetensors import SafetensorError

    return OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError, StrictDataclassError
