"""Masked sums, groups of k, and running totals from a tree of noise."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from model.errors import InputError
from model.mechanisms.aggregation import (
    MIN_SHARERS,
    daily_window_noise_variance,
    groups_of,
    individual_sd_ratio,
    masked_records,
    masked_sum,
    microaggregate,
    next_node,
    pair_mask,
    too_few_sharers,
    tree_levels,
    tree_node_variance,
    tree_nodes,
    tree_noise,
    tree_prefix_noise_variance,
    tree_window_noise_variance,
    unmasked_sum,
)
from model.streams import normals, stream_key

KEY = stream_key(1, 0, "masks")
MODULUS = 2**64


def watts(value_mw: float) -> int:
    return round(value_mw * 1e6)


@given(
    members=st.integers(3, 9),
    neighbours=st.integers(1, 20),
    slots=st.integers(1, 5),
    data=st.data(),
)
@settings(deadline=None)
def test_masked_sum_is_the_exact_sum_of_whole_watts(
    members: int, neighbours: int, slots: int, data: st.DataObject
) -> None:
    rows = st.lists(st.floats(-1e5, 1e5), min_size=slots, max_size=slots)
    values = np.array(data.draw(st.lists(rows, min_size=members, max_size=members)))
    entities = np.array(data.draw(st.lists(st.integers(0, 2**32 - 1), min_size=members, max_size=members, unique=True)))
    found = masked_sum(values, KEY, 3, neighbours, entities)
    assert list(found) == [sum(watts(float(v)) for v in column) / 1e6 for column in values.T]


@pytest.mark.parametrize("members", [3, 4, 5, 6, 7])
@pytest.mark.parametrize("neighbours", [1, 2, 3, 6, 50])
def test_each_pair_of_neighbours_shares_one_mask_that_cancels(members: int, neighbours: int) -> None:
    """Who is linked comes from the ring itself; each pair counts once, also where it is met from both ends."""
    values = np.linspace(-3.0, 80.0, members * 3).reshape(members, 3)
    entities = np.arange(members)[::-1].copy() * 11 + 5
    sent = masked_records(values, KEY, 9, neighbours, entities)
    linked = [
        (i, j) for i, j in combinations(range(members), 2) if min(j - i, members - (j - i)) <= neighbours
    ]  # fmt: skip
    total = [[watts(float(v)) for v in row] for row in values]
    masks = {}
    for pair in linked:
        mask = np.empty(3, dtype=np.uint64)
        pair_mask(KEY, entities[pair[0]], entities[pair[1]], 9, mask)
        masks[pair] = [int(word) for word in mask]
    left = [[int(word) - plain for word, plain in zip(*rows, strict=True)] for rows in zip(sent, total, strict=True)]
    for slot in range(3):
        for i in range(members):  # what hides a record is a sum of signed masks of its own pairs and of no others
            own = [masks[pair][slot] for pair in linked if i in pair]
            reached = {0}
            for mask in own:
                reached = {(x + sign * mask) % MODULUS for x in reached for sign in (1, -1)}
            assert left[i][slot] % MODULUS in reached
        assert sum(row[slot] for row in left) % MODULUS == 0
    if neighbours >= members - 1:
        assert len(linked) == members * (members - 1) // 2


def test_masks_depend_on_pair_day_and_slot_not_on_the_order_of_names() -> None:
    def drawn(one: int, other: int, day: int, slots: int) -> list[int]:
        mask = np.empty(slots, dtype=np.uint64)
        pair_mask(KEY, one, other, day, mask)
        return [int(word) for word in mask]

    assert drawn(4, 9, 2, 5) == drawn(9, 4, 2, 5) == drawn(4, 9, 2, 6)[:5]
    words = {w for one, other, day in ((4, 9, 2), (4, 9, 3), (4, 8, 2), (5, 9, 2)) for w in drawn(one, other, day, 7)}
    assert len(words) == 28


def test_one_masked_record_is_uniform_whatever_it_hides() -> None:
    days, bins = 4000, 64
    entities = np.array([3, 14, 15, 92])
    sent = {}
    for value in (0.0, 77.0):
        values = np.full((4, 1), 5.0)
        values[0, 0] = value
        sent[value] = np.array([masked_records(values, KEY, day, 1, entities)[0, 0] for day in range(days)])
        for shift in (0, 58):  # lowest and highest six bits
            counts = np.bincount(((sent[value] >> np.uint64(shift)) & np.uint64(bins - 1)).astype(int), minlength=bins)
            assert stats.chisquare(counts).pvalue > 1e-4
    same_day = np.unique((sent[77.0] - sent[0.0]).astype(np.int64))
    assert list(same_day) == [77_000_000]  # the same masks: what differs is the value alone
    other_days = np.corrcoef(np.where(np.arange(days) % 2, 77.0, 0.0), np.where(
        np.arange(days) % 2, sent[77.0], sent[0.0]).astype(float))[0, 1]  # fmt: skip
    assert abs(other_days) < 4.0 / math.sqrt(days)


def test_a_sum_without_all_members_tells_nothing() -> None:
    sent = masked_records(np.full((5, 24), 20.0), KEY, 1, 4, np.arange(5))
    assert np.abs(unmasked_sum(sent) - 100.0).max() == 0.0
    assert np.abs(unmasked_sum(sent[:4])).min() > 1e6


def test_fewer_than_three_sharers_are_refused_with_the_reason() -> None:
    assert MIN_SHARERS == 3
    assert too_few_sharers(3) == ""
    assert "each learns the other's by subtracting its own from the sum" in too_few_sharers(2)
    assert "among 1 hides nothing: the sum is that record" in too_few_sharers(1)
    assert "nothing to sum" in too_few_sharers(0)


@given(members=st.integers(2, 60), share=st.floats(0.0, 1.0))
def test_what_a_sum_tells_of_a_record(members: int, share: float) -> None:
    """Against the Schur complement of the covariance of records and their sum; to a member, n - 1 stands for n."""
    lowest = -1.0 / (members - 1) + 1e-6
    rho = lowest + share * (0.999 - lowest)
    cov = np.full((members, members), rho) + (1.0 - rho) * np.eye(members)
    total = cov.sum()
    left = 1.0 - cov[0].sum() ** 2 / total
    assert individual_sd_ratio(members, rho) == pytest.approx(math.sqrt(left), abs=1e-6)
    if members > 2:
        known = np.array([[total, cov[-1].sum()], [cov[-1].sum(), 1.0]])
        with_own = np.array([cov[0].sum(), rho])
        if np.linalg.det(known) > 1e-6:
            left = 1.0 - with_own @ np.linalg.solve(known, with_own)
            assert individual_sd_ratio(members - 1, rho) == pytest.approx(math.sqrt(max(0.0, left)), abs=1e-4)


def test_published_ratio_and_two_members() -> None:
    assert individual_sd_ratio(50, 0.0) == pytest.approx(0.98995, abs=5e-6)
    assert individual_sd_ratio(2 - 1, 0.4) == 0.0


@given(members=st.integers(1, 60), data=st.data())
def test_every_cell_holds_k_neighbours(members: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(1, members))
    order = np.array(data.draw(st.permutations(range(members))))
    cell = groups_of(members, k, order)
    sizes = np.bincount(cell)
    assert sizes.sum() == members
    assert all(sizes[:-1] == k)
    assert k <= sizes[-1] < 2 * k
    assert list(cell[order]) == sorted(cell)


@pytest.mark.parametrize("k", [0, 6])
def test_impossible_groups_are_refused(k: int) -> None:
    with pytest.raises(InputError, match=f"{k} of 5 records cannot be alike"):
        groups_of(5, k, np.arange(5))


def test_records_become_their_cells_means_and_totals_stay() -> None:
    values = np.array([[1.0, 10.0], [2.0, 20.0], [6.0, 60.0], [4.0, 0.0], [8.0, 3.0]])
    microaggregate(values, np.array([1, 0, 1, 0, 1]))
    assert values == pytest.approx(
        np.array([[5.0, 73.0 / 3.0], [3.0, 10.0], [5.0, 73.0 / 3.0], [3.0, 10.0], [5.0, 73.0 / 3.0]])
    )


def test_sorted_groups_lose_far_less_than_blind_ones() -> None:
    """About .015 against .8 of the variance at n 100, k 5."""
    records = normals(KEY, 0, np.arange(300), 100)
    lost = {"sorted": 0.0, "blind": 0.0}
    for row in records:
        for name, order in (("sorted", np.argsort(row)), ("blind", np.arange(100))):
            after = row[:, np.newaxis].copy()
            microaggregate(after, groups_of(100, 5, order))
            lost[name] += float(((after[:, 0] - row) ** 2).mean()) / len(records)
    assert lost == pytest.approx({"sorted": 0.015, "blind": 0.8}, rel=0.06)


@given(start=st.integers(0, 800), length=st.integers(1, 400), spare=st.integers(0, 3))
@settings(deadline=None)
def test_nodes_tile_a_window_without_overlap(start: int, length: int, spare: int) -> None:
    levels = tree_levels(length) + spare
    end, day, count = start + length, start, 0
    while day < end:
        level = next_node(day, end, levels)
        assert level < levels
        assert day % 2**level == 0
        day += 2**level
        count += 1
    assert day == end
    assert tree_nodes(start, end, levels) == count <= 2 * math.log2(length) + 2


@pytest.mark.parametrize(("longest", "levels"), [(1, 1), (2, 2), (3, 2), (4, 3), (28, 5), (365, 9), (512, 10)])
def test_levels_of_the_tree(longest: int, levels: int) -> None:
    assert tree_levels(longest) == levels == math.floor(math.log2(longest)) + 1


def test_no_days_have_no_tree() -> None:
    with pytest.raises(InputError, match="0 days have no total"):
        tree_levels(0)


@given(longest=st.integers(1, 365), rho=st.floats(1e-4, 10.0), l2=st.floats(0.1, 500.0), day=st.integers(0, 364))
@settings(deadline=None)
def test_all_nodes_that_hold_a_day_cost_rho_together(longest: int, rho: float, l2: float, day: int) -> None:
    """A day lies in one node per level, and each node's release costs l2^2 / (2 variance)."""
    levels = tree_levels(longest)
    holding = {(level, day >> level) for level in range(levels)}
    cost = sum(l2**2 / (2.0 * tree_node_variance(levels, l2, rho)) for _ in holding)
    assert cost == pytest.approx(rho)


@pytest.mark.parametrize(("releases", "day", "nodes", "levels"), [(8, 7, 3, 4), (8, 8, 1, 4), (365, 365, 6, 9)])
def test_running_sum_has_a_node_per_bit(releases: int, day: int, nodes: int, levels: int) -> None:
    """With rho 1/2 and l2 1 a node has variance `levels`: 7 = 111 in binary, 365 = 101101101."""
    assert tree_prefix_noise_variance(releases, day, 1.0, 0.5) == pytest.approx(nodes * levels)


def test_noise_of_totals_adds_up_and_is_shared() -> None:
    levels = 5
    whole = tree_noise(KEY, 1, 0, 28, levels, 0)
    parts = [tree_noise(KEY, 1, *days, levels, 0) for days in ((0, 16), (16, 24), (24, 28))]
    assert whole == pytest.approx(sum(parts))
    assert tree_noise(KEY, 1, 5, 5, levels, 0) == 0.0
    others = {tree_noise(KEY, entity, day, day + 1, levels, slot)
              for entity in (1, 2) for day in (0, 1, 2, 4) for slot in (0, 1)}  # fmt: skip
    tops = {tree_noise(KEY, 1, 0, 2**level, levels, slot) for level in range(1, levels) for slot in (0, 1)}
    assert len(others | tops) == 16 + 8


def test_noise_of_a_window_has_its_variance() -> None:
    levels, start, end = 5, 3, 31
    drawn = np.array([tree_noise(KEY, entity, start, end, levels, 0) for entity in range(20_000)])
    nodes = tree_nodes(start, end, levels)
    assert nodes == 7  # days 3, 4-7, 8-15, 16-23, 24-27, 28-29, 30
    assert drawn.var() == pytest.approx(nodes, rel=4.0 * math.sqrt(2.0 / 20_000))


def test_long_totals_gain_by_the_tree_and_single_days_lose() -> None:
    """Mean variance over the year's windows against independent daily noise of the same privacy loss."""

    def ratio(window: int, levels: int) -> float:
        tree = [tree_window_noise_variance(day, day + window, levels, 3.0, 0.1) for day in range(365 - window + 1)]
        return float(np.mean(tree)) / daily_window_noise_variance(window, 3.0, 0.1)

    year = tree_levels(365)
    assert ratio(1, year) == pytest.approx(9.0)
    assert ratio(365, year) == pytest.approx(6 * 9 / 365)
    assert ratio(182, year) < 0.5
    assert ratio(28, year) > 1.0  # a tree made for the whole year wastes its upper levels on four weeks
    assert ratio(28, tree_levels(28)) < 1.0
