"""A small learned reader beside the rules: it says how likely each intent is, and never acts by itself."""
