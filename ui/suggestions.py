"""What a person might say next: the sentences that fit where the project stands. They are offered, never sent alone."""

from .panels.dataset_data import Where, data_of
from .words_dataset import UNCAPTIONED, UNTRIGGERED
from .words_talk import MOMENTS

MOST = 3


def moment(stage: str, files: object, *, card: bool) -> str:
    """Which moment it is. `files` is what the dataset panel has loaded, if it has."""
    if card:
        return "card"
    if stage != "dataset" or not isinstance(files, Where):
        return stage if stage in MOMENTS else "no files"
    data = data_of(files)
    if not data.manifest.items:
        return "not taken in" if files.waiting else "no files"
    if data.audit is None:
        return "not looked at"
    return "no captions" if {UNCAPTIONED, UNTRIGGERED} & data.groups.keys() else "not looked at"


def suggestions(stage: str, files: object, *, card: bool) -> tuple[str, ...]:
    """At most three sentences."""
    return MOMENTS.get(moment(stage, files, card=card), ())[:MOST]
