"""Fits the regressions of quadratic.py. Used by the benchmark, not when pictures are looked at."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from .quadratic import Quadratic, Values, terms


def fit(
    values: Values, yes: Values, importance: Values, *, features: Sequence[str], ridge: float, fitted_on: str
) -> Quadratic:
    """Regress `yes` (rows,) 0 or 1 on features (rows, n), each row counting by its importance. The limit is 0.

    `ridge` weighs the sum of squared weights against the mean loss.
    """
    mean, spread = values.mean(axis=0), values.std(axis=0) + 1e-9
    table, share = terms(values, mean, spread), importance / importance.sum()

    def loss(weights: Values) -> tuple[float, Values]:
        score = table @ weights
        error = share * (1 / (1 + np.exp(-score)) - yes)
        free = np.append(weights[:-1], 0)
        value = float(share @ (np.logaddexp(0, score) - yes * score) + ridge * free @ free)
        return value, table.T @ error + 2 * ridge * free

    found = minimize(loss, np.zeros(table.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 2000}).x
    return Quadratic(
        features=tuple(features),
        mean=tuple(round(float(value), 5) for value in mean),
        spread=tuple(round(float(value), 5) for value in spread),
        weights=tuple(round(float(value), 4) for value in found),
        limit=0.0,
        fitted_on=fitted_on,
    )


def cross_scores(values: Values, yes: Values, importance: Values, groups: Sequence[str], *, ridge: float) -> Values:
    """Every row's score by a regression that never saw its group."""
    names, scores = np.array(groups), np.zeros(len(yes))
    for group in sorted(set(groups)):
        own = names == group
        others = fit(values[~own], yes[~own], importance[~own], features=(), ridge=ridge, fitted_on="")
        scores[own] = others.score(values[own])
    return scores
