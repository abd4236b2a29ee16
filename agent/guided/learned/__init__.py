"""A small learned reader beside the rules: it says how likely each intent is, and never opens a card by itself.

A card that the strict rules do not open may still be plausible by the words (see ..plausible); then it opens where the
reader is sure of it, too. Which of both is followed elsewhere is in ..combined.
"""
