"""Files that come with a message."""

from .reading import Call, Facts, Reading


def with_uploads(facts: Facts, uploads: list[str]) -> tuple[Call, ...]:
    """Pictures and clips go into the set; a LoRA file among them is looked into."""
    loras = [name for name in uploads if name in (facts.get("waiting_loras") or [])]
    files = [name for name in uploads if name not in loras]
    checks = tuple(Call("verify_lora", {"upload": name}) for name in loras)
    if not files:
        return checks
    return (
        *checks,
        Call("add_files", {"uploads": files}),
        *([Call("audit_dataset")] if facts.get("recipe") else []),
    )


def and_uploads(reading: Reading, facts: Facts, uploads: list[str]) -> Reading:
    """The files first, then what is wanted."""
    return Reading((*with_uploads(facts, uploads), *reading.calls)) if uploads else reading
