"""Files that a model made: candidates for missing views, marked, and taken in only with a person's yes."""
