"""Settings for all tests: the built-in embedding looks articles up, so that answers do not depend on what is installed.

Tests of other embeddings name them.
"""

import gc
import os

os.environ["SIDEKICK_EMBEDDING_MODEL"] = "built-in"


def pytest_collection_finish() -> None:
    """What was imported stays until the end: it need not be looked through again whenever memory is cleared up."""
    gc.collect()
    gc.freeze()
