"""What chance would do: the p-value of each place's neighbourhood, by the null that the user asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from sara.core.result import Setting
from sara.core.stats.fdr import benjamini_hochberg
from sara.core.stats.permutation import dealt_tails, drawn_tails, held_tails, why_not_exact
from sara.hotspots._local.around import Around

__all__ = ["Chance", "adjusted", "chance"]

Floats = npt.NDArray[np.float64]

DEALT = "all counts dealt at random to all {places}, own {place} included"
HELD = "the {place}'s own count held, its neighbors drawn from all other {places}"
NORMAL = "the normal curve behind z"


@dataclass(frozen=True, eq=False)
class Chance:
    """Two-sided ``p`` of each place, NaN where it has none; whether more (1), less (-1) or neither (0) is what stands out."""

    p: Floats
    side: npt.NDArray[np.int8]
    settings: dict[str, Setting]
    cautions: tuple[str, ...]


def chance(
    values: Floats,
    near: Around,
    z: Floats,
    *,
    inference: str,
    dealt: bool,
    n_sims: int,
    seed: int | None,
    words: tuple[str, str],
    confidence: float,
) -> Chance:
    """Return how likely sums as far from the expected as these are.

    Parameters
    ----------
    values : array, (n,)
        One per place.
    near : Around
        Sums over the neighbours, and their number.
    z : array, (n,)
        For ``inference="analytic"``, and for the side.
    inference : {"exact", "conditional", "permutation", "analytic"}
        How.
    dealt : bool
        Whether "exact" deals all counts, own one included (Gi*), or holds the own one (local Moran).
    n_sims, seed : int
        For draws.
    words : (str, str)
        "cell", "cells".
    confidence : float
        Of the decision, to say how many draws it needs.
    """
    if inference == "analytic":
        return Chance(
            2 * ndtr(-np.abs(z)), np.sign(np.nan_to_num(z)).astype(np.int8), {"inference": Setting("analytic", "you", NORMAL)}, ()
        )
    dealt = dealt and inference == "exact"
    sums, size = (near.sums + values, near.size + 1) if dealt else (near.sums, near.size)
    null = (DEALT if dealt else HELD).format(place=words[0], places=words[1])
    why = "you asked for draws" if inference == "permutation" else why_not_exact(values, sums, size, held=not dealt)
    chosen: Literal["you", "sara"] = "sara" if inference == "exact" else "you"
    told: tuple[str, ...] = ()
    if why is None:
        tails = (dealt_tails if dealt else held_tails)(values, sums, size)
        settings = {"inference": Setting(inference, chosen, f"{null}; every p-value exact")}
    else:
        tails = drawn_tails(values, sums, size, held=not dealt, n_sims=n_sims, seed=seed)
        reason = null if inference == "permutation" else f"{null}; by draws, since {why}"
        settings = {
            "inference": Setting("permutation", chosen if inference == "permutation" else "sara", reason),
            "n_sims": Setting(n_sims, "sara" if n_sims == 9_999 else "you"),
            "seed": Setting(seed, "sara" if seed == 1 else "you"),
        }
        told = _too_few_draws(n_sims, int(np.isfinite(tails.upper).sum()), confidence, words[1])
    with np.errstate(invalid="ignore"):
        side = np.where(tails.upper < tails.lower, 1, np.where(tails.lower < tails.upper, -1, 0)).astype(np.int8)
    return Chance(tails.two_sided, side, settings, told)


def adjusted(p: Floats, adjust: str | None, words: tuple[str, str]) -> tuple[Floats, Setting, tuple[str, ...]]:
    """Return p-values after correction for how many there are, how, and what to say."""
    n = int(np.isfinite(p).sum())
    if adjust is None:
        told = f"The p-values are not corrected for {n:,} tests: by chance alone about 1 in 20 {words[1]} has a p up to 0.05."
        return p, Setting("none", "you", f"{n:,} {words[1]} were tested, each for itself"), (told,)
    which = f"every {words[0]} of the study area" if np.isfinite(p).all() else f"every {words[0]} with a neighbor"
    return benjamini_hochberg(p), Setting("Benjamini-Hochberg", "sara", f"{n:,} {words[1]} were tested, {which}"), ()


def _too_few_draws(n_sims: int, n_tests: int, confidence: float, many: str) -> tuple[str, ...]:
    """Say so where draws can't tell a single place from chance after correction."""
    least = 2 / (n_sims + 1)
    needed = math.ceil(least * n_tests / (1 - confidence) - 1e-9)
    if needed <= 1:
        return ()
    return (
        f"With {n_sims:,} draws no p-value is below {least:.2g}: of {n_tests:,} {many}, none can stand out unless {needed:,} do. "
        f"Write inference='exact', or n_sims={math.ceil(2 * n_tests / (1 - confidence)):,}.",
    )
