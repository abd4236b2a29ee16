"""Settings for all tests: the built-in embedding looks articles up, so that answers do not depend on what is installed.

Tests of other embeddings name them.
"""

import os

os.environ["SIDEKICK_EMBEDDING_MODEL"] = "built-in"
