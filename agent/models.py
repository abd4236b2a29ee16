"""The chat model from settings: any OpenAI-compatible endpoint, or the guided model that needs nothing."""

import os
from collections.abc import Mapping

from langchain_core.language_models import BaseChatModel

from .guided.model import GuidedModel

DEFAULT_MODEL = "gpt-4.1-mini"
SECONDS = 60.0


def chat_model(settings: Mapping[str, str] | None = None) -> tuple[BaseChatModel, str]:
    """The model and its name. `settings`: the environment by default.

    OPENAI_API_KEY or OPENAI_BASE_URL chooses an endpoint (Chat Completions), SIDEKICK_MODEL names the model there;
    SIDEKICK_MODEL=guided, or neither key nor URL, chooses the guided model.
    """
    known = os.environ if settings is None else settings
    name, key, url = (known.get(entry, "").strip() for entry in ("SIDEKICK_MODEL", "OPENAI_API_KEY", "OPENAI_BASE_URL"))
    if name == "guided" or not (key or url):
        return GuidedModel(), "guided"
    from langchain_openai import ChatOpenAI  # takes a second to import: only those who use it pay

    model = ChatOpenAI(
        model=name or DEFAULT_MODEL,
        api_key=key or "none",  # type: ignore[arg-type]
        base_url=url or None,
        use_responses_api=False,
        stream_usage=True,
        temperature=0.2,
        timeout=SECONDS,
        max_retries=2,
    )
    return model, name or DEFAULT_MODEL
