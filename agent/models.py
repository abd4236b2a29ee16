"""The chat model from settings: any OpenAI-compatible endpoint, or the guided model that needs nothing."""

from collections.abc import Mapping

from langchain_core.language_models import BaseChatModel

from tools.endpoints import endpoint_of
from trainer_core.settings import in_force

from .guided.model import GuidedModel

DEFAULT_MODEL = "gpt-4.1-mini"
SECONDS = 300.0  # for one answer of the model; SIDEKICK_MODEL_SECONDS says otherwise


def chat_model(settings: Mapping[str, str] | None = None) -> tuple[BaseChatModel, str]:
    """The model and its name. `settings`: those in force by default.

    OPENAI_API_KEY or OPENAI_BASE_URL chooses an endpoint (Chat Completions), SIDEKICK_MODEL names the model there;
    SIDEKICK_MODEL=guided, or neither key nor URL, chooses the guided model. Raises ValueError for a base URL that is no
    web address, and for seconds that are no number.
    """
    known = in_force() if settings is None else settings
    name = known.get("SIDEKICK_MODEL", "").strip()
    endpoint = None if name == "guided" else endpoint_of(known)
    if endpoint is None:
        return GuidedModel(), "guided"
    from .endpoint.client import Limits  # takes half a second to import: only those who use it pay
    from .endpoint.model import EndpointModel

    seconds = _seconds(known.get("SIDEKICK_MODEL_SECONDS", "").strip())
    limits = Limits(silence=0.4 * seconds, call=seconds)
    return EndpointModel(endpoint=endpoint, model_name=name or DEFAULT_MODEL, limits=limits), name or DEFAULT_MODEL


def _seconds(text: str) -> float:
    if not text:
        return SECONDS
    if not text.isdecimal() or not 5 <= int(text) <= 3600:
        raise ValueError("SIDEKICK_MODEL_SECONDS must be a whole number from 5 to 3600. Nothing was sent.")
    return float(text)
