"""A vision model on an OpenAI-compatible endpoint (OpenAI, Ollama, vLLM, llama.cpp): shown pictures, it gives data.

Pictures are sent nowhere unless a person named the model in SIDEKICK_VISION_MODEL.
"""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

import cv2
from pydantic import BaseModel

from trainer_core.settings import in_force

from ..endpoints import NotAnAddress, endpoint_of
from ..vision.quality import Picture, shrunk
from .endpoint import VARIABLE, Stop, VisionModel, VisionModelFailed, reply

__all__ = ["VARIABLE", "Stop", "VisionModel", "VisionModelFailed", "ask", "configured"]

JPEG_QUALITY = 90
_NO_SCHEMA = (400, 422, 501)  # what servers answer that do not know response_format

Answer = TypeVar("Answer", bound=BaseModel)


def configured(settings: Mapping[str, str] | None = None) -> VisionModel | None:
    """The vision model that the person named, or None. `settings`: those in force by default.

    SIDEKICK_VISION_MODEL names the model at OPENAI_BASE_URL (OpenAI with only an OPENAI_API_KEY) and is the permission
    to send it pictures. Raises VisionModelFailed when OPENAI_BASE_URL is no web address.
    """
    known = in_force() if settings is None else settings
    name = known.get(VARIABLE, "").strip()
    if not name:
        return None
    try:
        endpoint = endpoint_of(known)
    except NotAnAddress as error:
        raise VisionModelFailed(str(error), lasting=True) from None
    return VisionModel(name, endpoint.url, endpoint.key) if endpoint else None


def ask(
    model: VisionModel,
    pictures: Sequence[Picture],
    instructions: str,
    answer: type[Answer],
    *,
    stop: Stop = lambda: False,
) -> Answer:
    """Show uint8 RGB pictures (h, w, 3) with instructions and return a valid `answer`. Raises VisionModelFailed.

    Pictures are sent as JPEG of at most 768 pixels on the long side, made from the pixels alone: nothing else of the
    file goes along. A busy or faulty server is asked up to three times, with the waits that it asks for; `stop` ends
    these. A server that does not take a JSON schema, or does not keep to it, is asked once more in plain words.
    """
    shown = [{"type": "image_url", "image_url": {"url": _data_url(picture)}} for picture in pictures]
    name, form = _schema(answer)
    rejected = False
    if model.takes_schema:
        wanted = {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": form}}
        try:
            found = _read(reply(model, _message(instructions, shown), {"response_format": wanted}, stop), answer)
            if found is not None:
                return found
        except VisionModelFailed as failure:
            if failure.status not in _NO_SCHEMA:
                raise
            rejected = True
    in_words = f"{instructions}\n\nAnswer with one JSON object and nothing else. Its JSON schema: {json.dumps(form)}"
    found = _read(reply(model, _message(in_words, shown), {}, stop), answer)
    if found is None:
        raise VisionModelFailed(f"{model.shown_name} did not answer in the form that it was asked for.")
    if rejected:
        model.remember_no_schema()
    return found


def _message(text: str, shown: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text}, *shown]


def _data_url(picture: Picture) -> str:
    pixels = cv2.cvtColor(shrunk(picture), cv2.COLOR_RGB2BGR)
    jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode()


def _schema(answer: type[BaseModel]) -> tuple[str, dict[str, Any]]:
    """Name and strict JSON schema of the answer, as OpenAI's structured outputs want it."""
    import openai  # takes a second to import: only those who use it pay

    function = openai.pydantic_function_tool(answer)["function"]
    return function["name"], cast("dict[str, Any]", function)["parameters"]


def _read(text: str, answer: type[Answer]) -> Answer | None:
    """The first JSON object in the text that is a valid answer; thoughts before it and fences around it are skipped."""
    text = text.rsplit("</think>", 1)[-1]
    for words in (text, re.sub(r",\s*([}\]])", r"\1", text)):  # then without the commas before closing brackets
        for start in [match.start() for match in re.finditer(r"\{", words)][:50]:
            try:
                return answer.model_validate(json.JSONDecoder().raw_decode(words, start)[0])
            except (ValueError, RecursionError):  # pydantic's ValidationError is a ValueError
                continue
    return None
