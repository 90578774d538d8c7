"""Release of many firms' records together: masked sums, groups of k, and running totals from a tree of noise.

Secure aggregation follows Bonawitz et al. (2017), CCS'17: every pair of members agrees on a random mask, which one
adds and the other subtracts modulo 2^64; the masks cancel in the sum, and in nothing else. Masking each record with
some members only is the sparse graph of Bell et al. (2020), CCS'20. Masks come from keyed streams, which are as good as
random for a simulation, but no cryptography; key agreement and the recovery of members that drop out are not simulated.

Groups of k: Sweeney (2002), IJUFKS 10(5), as microaggregation (Domingo-Ferrer & Mateo-Sanz 2002, IEEE TKDE 14(1)).
Tree: Dwork, Naor, Pitassi & Rothblum (2010), STOC'10; Chan, Shi & Song (2011), ACM TISSEC 14(3).
"""

import math

import numpy as np
from numpy.typing import NDArray

from model.errors import Fault, InputError
from model.kernels import kernel
from model.streams import Floats, Ints, Key, normal, philox

type Words = NDArray[np.uint64]

MIN_SHARERS = 3
"""With two members, the sum less one's own record is the other's."""

QUANTA_PER_MW = 1e6
"""Records are masked as whole watts, so that a sum is exact; rounding moves a record by half a watt at most."""

MAX_LEVELS = 32
"""Levels of a tree that have their own addresses in a stream."""


def too_few_sharers(sharers: int) -> str:
    """Return why a sum over so few members is refused; empty from `MIN_SHARERS` on."""
    if sharers >= MIN_SHARERS:
        return ""
    what = "the sum is that record" if sharers == 1 else "each learns the other's by subtracting its own from the sum"
    if sharers < 1:
        what = "there is nothing to sum"
    return f"secure aggregation among {sharers} hides nothing: {what}; it takes at least {MIN_SHARERS} sharers"


def individual_sd_ratio(sharers: int, rho: float) -> float:
    """Return the sd of one record to somebody who knows the exact sum, over its sd to somebody who knows nothing.

    sqrt((n - 1)(1 - rho) / n) for normal records of equal variance and pairwise correlation `rho` >= -1/(n - 1).
    To a member, who subtracts its own record, it is the same with n - 1 in place of n: nothing is left at n = 2.
    """
    return math.sqrt(max(0.0, (sharers - 1) * (1.0 - rho) / sharers))


@kernel
def quantise(value_mw: float) -> np.uint64:
    """Return a value in whole watts modulo 2^64; negative values wrap."""
    return np.uint64(np.int64(np.rint(value_mw * QUANTA_PER_MW)))


@kernel
def pair_mask(key: Key, one: int, other: int, day: int, mask: Words) -> None:
    """Write the 64-bit masks that two members share, in whichever order they are named, shape (slot,)."""
    for pair in range((mask.size + 1) // 2):
        w0, w1, w2, w3 = philox(min(one, other), day, pair, max(one, other), key[0], key[1])
        mask[2 * pair] = (np.uint64(w0) << np.uint64(32)) | np.uint64(w1)
        if 2 * pair + 1 < mask.size:
            mask[2 * pair + 1] = (np.uint64(w2) << np.uint64(32)) | np.uint64(w3)


@kernel
def masked_records(values: Floats, key: Key, day: int, neighbours: int, entities: Ints) -> Words:
    """Return what the members send: records in watts plus and minus masks modulo 2^64, shape (member, slot).

    Each member shares masks with its `neighbours` next members on a ring, hence with twice as many; from half the
    ring on, with all. A single record is laid open only when all that it shares masks with help to do so.

    Args:
        values: MW, shape (member, slot).
        key: stream of the masks; day: model day.
        neighbours: at least 1; `entities`: distinct stream entity by member, shape (member,).
    """
    members, slots = values.shape
    sent = np.empty((members, slots), dtype=np.uint64)
    mask = np.zeros(slots, dtype=np.uint64)
    for i in range(members):
        for s in range(slots):
            sent[i, s] = quantise(values[i, s])
    for step in range(1, min(neighbours, members // 2) + 1):
        # halfway round an even ring each pair is met from both ends: take it once, or its masks would cancel
        pairs = step if 2 * step == members else members
        for i in range(pairs):
            j = (i + step) % members
            pair_mask(key, entities[i], entities[j], day, mask)
            for s in range(slots):
                sent[i, s] += mask[s]
                sent[j, s] -= mask[s]
    return sent


@kernel
def unmasked_sum(sent: Words) -> Floats:
    """Return the sum of masked records, MW, shape (slot,); all members' are needed, or masks remain."""
    members, slots = sent.shape
    sums = np.empty(slots)
    for s in range(slots):
        total = np.uint64(0)
        for i in range(members):
            total += sent[i, s]
        sums[s] = np.int64(total) / QUANTA_PER_MW
    return sums


@kernel
def masked_sum(values: Floats, key: Key, day: int, neighbours: int, entities: Ints) -> Floats:
    """Return the sums over members, MW, shape (slot,), from masked records only; arguments as in `masked_records`."""
    return unmasked_sum(masked_records(values, key, day, neighbours, entities))


def groups_of(members: int, k: int, order: Ints) -> Ints:
    """Return the cell of each member, shape (member,): `k` neighbours in `order` each, the rest joins the last.

    Args:
        members: how many; `k`: smallest cell.
        order: permutation of the members: sorted by what groups shall share, or random; shape (member,).

    Raises:
        InputError: fewer members than `k`, or `k` below 1.
    """
    if not 1 <= k <= members:
        raise InputError([Fault("privacy.k", f"{k} of {members} records cannot be alike", f"from 1 to {members}")])
    cell = np.empty(members, dtype=np.int64)
    cell[order] = np.minimum(np.arange(members) // k, members // k - 1)
    return cell


@kernel
def microaggregate(values: Floats, cell: Ints) -> None:
    """Replace each record by the mean of its cell, in place; totals stay.

    Args:
        values: MW, shape (member, slot).
        cell: cell by member, numbered from 0 without gaps, shape (member,).
    """
    members, slots = values.shape
    total = np.zeros((cell.max() + 1, slots))
    count = np.zeros(cell.max() + 1)
    for i in range(members):
        count[cell[i]] += 1.0
        for s in range(slots):
            total[cell[i], s] += values[i, s]
    for i in range(members):
        for s in range(slots):
            values[i, s] = total[cell[i], s] / count[cell[i]]


def tree_levels(longest: int) -> int:
    """Return how many levels of nodes totals of up to `longest` days need: floor(log2 longest) + 1.

    Node m of level j covers the days m 2^j to (m + 1) 2^j - 1, so each day lies in one node per level. For running
    sums over T releases `longest` is T; where only windows are asked for it is the longest of them.
    """
    if longest < 1:
        raise InputError([Fault("privacy.window", f"{longest} days have no total", "at least 1 day")])
    return longest.bit_length()


def tree_node_variance(levels: int, l2: float, rho: float) -> float:
    """Return the variance of each node's Gaussian noise, `l2` squared, under which all nodes together cost `rho`.

    A release of one day's vector changes one node per level by at most `l2`, and each may cost rho / levels. The
    protected unit is thus what one day's release depends on: a firm's day in the total of a population. A firm's whole
    year moves long nodes by many days at once; for it the tree is `levels` times worse than independent daily noise.
    """
    return levels * l2**2 / (2.0 * rho)


@kernel
def next_node(start: int, end: int, levels: int) -> int:
    """Return the level of the largest node that begins on day `start` and ends before day `end`."""
    level = 0
    while level + 1 < levels and start % (2 << level) == 0 and start + (2 << level) <= end:
        level += 1
    return level


@kernel
def tree_nodes(start: int, end: int, levels: int) -> int:
    """Return how many nodes make up the days from `start` to before `end`: O(log) where `levels` suffice."""
    count = 0
    while start < end:
        start += 1 << next_node(start, end, levels)
        count += 1
    return count


@kernel
def tree_noise(key: Key, entity: int, start: int, end: int, levels: int, slot: int) -> float:
    """Return the noise in the total of the days from `start` to before `end`, in sd of a node.

    A node's noise is a pure function of (key, entity, slot, node), so that totals which share days share noise, and a
    total of W days takes O(log W) draws and no memory. Multiply by the root of `tree_node_variance`.
    """
    total = 0.0
    while start < end:
        level = next_node(start, end, levels)
        total += normal(key, entity, start >> level, slot * MAX_LEVELS + level)
        start += 1 << level
    return total


def tree_window_noise_variance(start: int, end: int, levels: int, l2: float, rho: float) -> float:
    """Return the noise variance of the total of the days from `start` to before `end`, in `l2` squared."""
    return tree_nodes(start, end, levels) * tree_node_variance(levels, l2, rho)


def tree_prefix_noise_variance(releases: int, day: int, l2: float, rho: float) -> float:
    """Return the noise variance of the running sum after `day` of `releases` days: one node per bit set in `day`."""
    return tree_window_noise_variance(0, day, tree_levels(releases), l2, rho)


def daily_window_noise_variance(days: int, l2: float, rho: float) -> float:
    """Return the same for a total of `days` releases that each carry independent noise of loss `rho`."""
    return days * l2**2 / (2.0 * rho)
