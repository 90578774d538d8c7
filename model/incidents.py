"""Breaches: who loses what when a holder of copies is broken into, in expectation and in nested loss-years.

A *copy* is one owner's data asset at one holder. Holders are attacked as independent Poisson processes; an attack that
its security lets through is a breach, and a breach exposes every copy that the holder has (common mode). So the holders
of an owner's copies compete: its hazard is the sum of theirs. A copy's loss is lognormal, scaled by the share of the
asset that the copy reveals, and never above the owner's cap. A breach of regulated data may also be fined.

Attacks, losses and fines are drawn at addresses (holder or copy, year, number of the attack): they are the same under
every strategy, more security removes breaches and moves no other, and a further copy changes no other loss.

Sources: competing hazards, Klugman, Panjer & Willmot (2012), Loss Models; limited expected value of the lognormal,
ibid., appendix A; number of Poisson events by multiplied uniforms, Knuth (1997), TAOCP 2, 3.4.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.kernels import kernel
from model.security import PrivacyRule
from model.streams import Floats, Ints, Key, entity_id, normal, uniform

type Flags = NDArray[np.bool_]

LOSS_YEARS = 10_000
"""Nested years for each replication: enough that the tail's error is the losses' own."""

LOSS_SLOT = 1 << 20
"""First slot of losses; slots below belong to attacks."""

FINE_SLOT = 1 << 21
"""First slot of fines."""


@dataclass(frozen=True)
class Holders:
    """Who holds copies; a column each, shape (holder,).

    Attributes:
        entity: address of the holder's draws, `holder_entity`.
        rate: hazard of a breach without extra security, 1/yr, at most about 100.
        kept: share of breaches that its security lets through, in [0, 1]; 1 without extra security.
        turnover: EUR/yr, for the cap of fines.
    """

    entity: Ints
    rate: Floats
    kept: Floats
    turnover: Floats

    @property
    def hazard(self) -> Floats:
        """Hazard of a breach with its security, 1/yr."""
        return self.rate * self.kept


@dataclass(frozen=True)
class Copies:
    """Copies of data assets; a column each, shape (copy,).

    Attributes:
        entity: address of the copy's draws, `copy_entity`.
        owner: index of the owner.
        holder: index into `Holders`.
        median: of the loss if the whole asset leaks, EUR; 0 for an asset that nobody misses.
        sigma: standard deviation of the log loss.
        scale: share of the asset that the copy reveals, in [0, 1].
        cap: largest loss of the owner in one breach, EUR: its yearly revenue.
        regulated: whether its leak may be fined.
    """

    entity: Ints
    owner: Ints
    holder: Ints
    median: Floats
    sigma: Floats
    scale: Floats
    cap: Floats
    regulated: Flags


@dataclass(frozen=True)
class LossYears:
    """Nested years.

    Attributes:
        losses: of each owner, EUR, shape (owner, year).
        fines: on each holder, EUR, shape (holder, year); paid to the regulator.
    """

    losses: Floats
    fines: Floats


def holder_entity(holder: str) -> int:
    """Return the address of a holder's draws."""
    return entity_id(f"holder:{holder}")


def copy_entity(owner: str, asset: str, holder: str) -> int:
    """Return the address of a copy's draws: the same whatever contract brought the copy about."""
    return entity_id(f"copy:{owner}|{asset}|{holder}")


def breach_probability(rates: Floats, years: float) -> float:
    """Return the probability that an asset leaks within `years`: 1 - exp(-T sum of hazards).

    Args:
        rates: hazard of each holder of a copy, 1/yr, shape (holder,).
        years: T.
    """
    return float(-np.expm1(-years * rates.sum()))


def loss_shares(rates: Floats) -> Floats:
    """Return the probability that it was each of the competing holders who leaked, shape (holder,); sums to 1."""
    shares: Floats = rates / rates.sum()
    return shares


def limited_mean(median: Floats | float, sigma: Floats | float, cap: Floats | float) -> Floats:
    """Return E[min(X, cap)] of a lognormal X, in the unit of its median; shapes that broadcast, `cap` may be infinite.

    Args:
        median, cap: EUR, not negative; `sigma`: standard deviation of the log.
    """
    from scipy.special import ndtr

    medians, sigmas, caps = (np.atleast_1d(x) for x in np.broadcast_arrays(median, sigma, cap))
    mean: Floats = np.minimum(medians, caps).astype(np.float64)  # of what does not vary
    spread = (sigmas > 0.0) & (mean > 0.0)
    m, s, c = medians[spread], sigmas[spread], caps[spread]
    z = np.log(c / m) / s
    beyond = np.where(np.isinf(c), 0.0, c) * ndtr(-z)
    mean[spread] = m * np.exp(0.5 * s**2) * ndtr(z - s) + beyond
    return mean


def expected_breach_loss(rate: float, median: float, sigma: float, cap: float) -> float:
    """Return the expected yearly loss of one more copy, EUR: rate x E[min(X, cap)], X lognormal.

    Args:
        rate: breaches a year at the holder of the copy.
        median: EUR; `sigma`: sd of the log loss; `cap`: largest possible loss, EUR (the provider's yearly revenue).
    """
    return rate * float(limited_mean(median, sigma, cap)[0])


def mean_losses(copies: Copies) -> Floats:
    """Return what a breach of its holder costs each copy's owner on average, EUR, shape (copy,)."""
    return limited_mean(copies.scale * copies.median, copies.sigma, copies.cap)


def expected_losses(copies: Copies, holders: Holders, owners: int) -> Floats:
    """Return the expected breach loss of each owner, EUR/yr, shape (owner,)."""
    yearly = holders.hazard[copies.holder] * mean_losses(copies)
    return np.bincount(copies.owner, yearly, minlength=owners)


def expected_exposures(copies: Copies, holders: Holders) -> Floats:
    """Return what all owners together lose at each holder without its extra security, EUR/yr, shape (holder,).

    This is the v L that a holder's spending rule reads; fines come on top, see `expected_fines`.
    """
    yearly = holders.rate[copies.holder] * mean_losses(copies)
    return np.bincount(copies.holder, yearly, minlength=holders.rate.size)


def owner_hazards(copies: Copies, holders: Holders, owners: int) -> Floats:
    """Return the hazard that anything of an owner leaks, 1/yr, shape (owner,); a holder counts once per owner."""
    pairs = np.unique(np.stack([copies.owner, copies.holder]), axis=1)
    return np.bincount(pairs[0], holders.hazard[pairs[1]], minlength=owners)


def regulated_holders(copies: Copies, holders: Holders) -> Flags:
    """Tell which holders have regulated data, shape (holder,)."""
    return np.bincount(copies.holder[copies.regulated], minlength=holders.rate.size) > 0


def fine_caps(rule: PrivacyRule, holders: Holders) -> Floats:
    """Return the highest fine of each holder, EUR, shape (holder,): a sum, or a share of turnover if that is more."""
    return np.maximum(rule.fine_cap, rule.fine_cap_share * holders.turnover)


def expected_fines(copies: Copies, holders: Holders, rule: PrivacyRule) -> Floats:
    """Return the expected fines on each holder, EUR/yr, shape (holder,); paid to the regulator, no real cost."""
    fined = holders.hazard * rule.fine_probability * regulated_holders(copies, holders)
    fines: Floats = fined * limited_mean(rule.fine_median, rule.fine_sigma, fine_caps(rule, holders))
    return fines


def draw_loss_years(
    key: Key, copies: Copies, holders: Holders, owners: int, rule: PrivacyRule, *, years: int = LOSS_YEARS
) -> LossYears:
    """Return independent years of losses and fines, with means `expected_losses` and `expected_fines`.

    Args:
        key: of a stream that nothing else draws from, one per replication.
        copies, holders: who has what.
        owners: number of owners, above every index in `copies.owner`.
        rule: decides on fines.
        years: number of nested years.
    """
    size = holders.rate.size
    out = LossYears(np.zeros((owners, years)), np.zeros((size, years)))
    addresses = np.column_stack([copies.entity, copies.owner])
    terms = np.column_stack([copies.scale * copies.median, copies.sigma, copies.cap])
    caps, regulated = fine_caps(rule, holders), regulated_holders(copies, holders)
    for holder, entity in enumerate(holders.entity):
        breaches = draw_breaches(key, entity, holders.rate[holder], holders.kept[holder], years)
        held = np.flatnonzero(copies.holder == holder)
        add_losses(key, breaches, addresses[held], terms[held], out.losses)
        if regulated[holder] and rule.fine_probability > 0.0:
            fine = np.array([rule.fine_probability, rule.fine_median, rule.fine_sigma, caps[holder]])
            add_fines(key, entity, breaches, fine, out.fines[holder])
    return out


@kernel
def draw_breaches(key: Key, entity: int, rate: float, kept: float, years: int) -> Ints:
    """Return year and number of every attack that gets through at one holder, shape (2, breach), in that order.

    Attacks are counted by multiplying uniforms until the product is below exp(-rate). Each has a mark of its own, and
    gets through where the mark is below `kept`.
    """
    quiet = np.exp(-rate)
    found = np.empty((2, 64), dtype=np.int64)
    count = 0
    for year in range(years):
        attack = 0
        product = uniform(key, entity, year, 0)
        while product > quiet:
            if kept >= 1.0 or uniform(key, entity, year, 2 * attack + 1) < kept:
                if count == found.shape[1]:
                    longer = np.empty((2, 2 * count), dtype=np.int64)
                    longer[:, :count] = found
                    found = longer
                found[0, count] = year
                found[1, count] = attack
                count += 1
            attack += 1
            product *= uniform(key, entity, year, 2 * attack)
    return found[:, :count].copy()


@kernel
def add_losses(key: Key, breaches: Ints, addresses: Ints, terms: Floats, losses: Floats) -> None:
    """Add what one holder's breaches cost the owners of its copies, EUR, shape (owner, year), in place.

    Args:
        key, breaches: as from `draw_breaches`.
        addresses: entity and owner of each copy, shape (copy, 2).
        terms: median loss (EUR), its log's sd and cap (EUR) of each copy, shape (copy, 3).
        losses: result.
    """
    for copy in range(addresses.shape[0]):
        entity, owner = addresses[copy]
        median, sigma, cap = terms[copy]
        for k in range(breaches.shape[1]):
            year, attack = breaches[0, k], breaches[1, k]
            loss = median * np.exp(sigma * normal(key, entity, year, LOSS_SLOT + attack))
            losses[owner, year] += min(loss, cap)


@kernel
def add_fines(key: Key, entity: int, breaches: Ints, terms: Floats, fines: Floats) -> None:
    """Add the fines for one holder's breaches, EUR, shape (year,), in place.

    Args:
        key, entity, breaches: as in `draw_breaches`.
        terms: probability, median (EUR), sd of the log, and cap (EUR), shape (4,).
        fines: result.
    """
    probability, median, sigma, cap = terms
    for k in range(breaches.shape[1]):
        year, attack = breaches[0, k], breaches[1, k]
        if uniform(key, entity, year, FINE_SLOT + 2 * attack) < probability:
            amount = median * np.exp(sigma * normal(key, entity, year, FINE_SLOT + 2 * attack + 1))
            fines[year] += min(amount, cap)
