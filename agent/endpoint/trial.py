"""Ask the chat model once, for a person who has just set one: does it answer, how fast, and can it call tools?"""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from langchain_core.messages import HumanMessage, SystemMessage

from tools.endpoints import NotAnAddress
from tools.text import quoted

from .client import Limits
from .failures import ModelFailed
from .model import EndpointModel

ONCE = Limits(connect=5.0, silence=45.0, call=60.0, tries=1)
READY = {
    "type": "function",
    "function": {
        "name": "say_ready",
        "description": "Say that you are ready to work.",
        "parameters": {"type": "object", "properties": {}},
    },
}
GUIDED = (
    "The built-in guided model answers. It needs no key and no network, and it leads the whole way in fixed words. A "
    "language model of your choice would add free conversation: it understands what is said in any words, in many "
    "languages, and explains at length. The rules and your yes stay the same."
)


@dataclass(frozen=True)
class Trial:
    """What came of asking. `seconds` from the question to the whole answer; `tokens` read and written, where told."""

    works: bool
    words: str
    seconds: float = 0.0
    model: str = "guided"
    tokens: tuple[int, int] | None = None


async def try_once(settings: Mapping[str, str], limits: Limits = ONCE) -> Trial:
    """Send one short question to the model that these settings choose. Never raises; the words hold no key."""
    from ..models import chat_model

    try:
        model, name = chat_model(settings)
    except (NotAnAddress, ValueError) as error:
        return Trial(False, str(error))
    if not isinstance(model, EndpointModel):
        return Trial(True, GUIDED)
    asked = model.model_copy(update={"limits": limits}).bind_tools([READY])
    begun = time.monotonic()
    who = f"{quoted(name, 60)} at {model.endpoint.shown_host}"
    try:
        said = await asked.ainvoke(
            [SystemMessage("You check a connection."), HumanMessage("Call the tool say_ready, and say nothing else.")]
        )
    except ModelFailed as failure:
        return Trial(False, str(failure), time.monotonic() - begun, name, failure.tokens)
    seconds, used = time.monotonic() - begun, said.usage_metadata
    tokens = (used["input_tokens"], used["output_tokens"]) if used else None
    if said.tool_calls:
        return Trial(True, f"{who} answered in {seconds:.1f} s and can call tools.", seconds, name, tokens)
    words = (
        f"{who} answered in {seconds:.1f} s, but in words: it did not call the tool that it was asked to call. Without "
        "tools I can do nothing for you. Take a model that can call tools."
    )
    return Trial(False, words, seconds, name, tokens)
