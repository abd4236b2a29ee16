"""What the sidekick can look up: articles with named sources, and a search over them. Imports no other room."""
