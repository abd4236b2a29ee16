"""The ways to merge that PEFT offers and this project uses. Apart from merge.py, so that naming one loads no torch."""

from enum import StrEnum


class Method(StrEnum):
    """How PEFT combines the factors; merge.py says what each does."""

    CAT = "cat"
    SVD = "svd"
    LINEAR = "linear"
    TIES = "ties"
    DARE_LINEAR = "dare_linear"
    DARE_TIES = "dare_ties"


PRUNING = frozenset({Method.TIES, Method.DARE_LINEAR, Method.DARE_TIES})
