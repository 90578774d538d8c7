"""Allocation, leasing and pooling on small sessions that can be worked out by hand, and who lies within reach."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from model.errors import InputError
from model.mechanisms import leasing
from model.mechanisms.resource import Mechanism, mechanism_named, mechanism_names
from model.resource_terms import ResourceContract
from model.session import Draws, Links, Session, new_session, pairs_within
from model.streams import stream_key


def contract(**terms: Any) -> ResourceContract:
    return ResourceContract(name="machines", platform="hub", members=("works",), **terms)


def draws(members: int) -> Draws:
    return Draws(lambda name: stream_key(7, 0, name), np.arange(members) * 1000 + 17)


def mechanism(session: Session, **terms: Any) -> Mechanism:
    return mechanism_named(terms["variant"])(contract(**terms), session, draws(session.members))


def cleared(session: Session, day: int = 0, **terms: Any) -> Session:
    mechanism(session, **terms).clear(day, session)
    assert session.faults() == []
    return session


def everybody(members: int) -> Links:
    taker, giver = np.nonzero(~np.eye(members, dtype=bool))
    return Links(taker, giver, np.zeros(taker.size))


def one_slot(
    needs: list[tuple[float, float]], offers: list[tuple[float, float]], links: Links | None = None, **ways: Any
) -> Session:
    """Return takers with (need, value), then givers with (offer, cost)."""
    n, m = len(needs), len(needs) + len(offers)
    session = new_session(np.arange(m), everybody(m) if links is None else links, **ways)
    session.need[0, 0, :n], session.value[0, 0, :n] = np.reshape(needs, (-1, 2)).T
    session.offer[0, n:], session.cost[0, n:] = np.reshape(offers, (-1, 2)).T
    return session


def random_session(seed: int, members: int = 8, slots: int = 3) -> Session:
    rng = np.random.default_rng(seed)
    links = everybody(members)
    session = new_session(
        np.arange(members),
        links,
        way=rng.uniform(0, 3, links.taker.size),
        delivered=rng.uniform(0.7, 1, links.taker.size),
        slots=slots,
    )
    lacks = rng.random((slots, members)) < 0.5
    session.need[:] = np.where(lacks[:, None], rng.uniform(0, 9, session.need.shape), 0.0)
    session.value[:] = np.sort(rng.uniform(0, 60, session.value.shape), axis=1)[:, ::-1]
    session.offer[:] = np.where(lacks, 0.0, rng.uniform(0, 12, session.offer.shape))
    session.cost[:] = rng.uniform(-5, 30, session.cost.shape)
    return session


# --- register ----------------------------------------------------------------------------------------


def test_built_in_mechanisms_are_found_by_name() -> None:
    assert set(mechanism_names()) >= {"allocation", "leasing", "pooling"}
    assert mechanism_named("pooling").name == "pooling"


def test_a_name_belongs_to_one_class() -> None:
    with pytest.raises(
        ValueError, match=r"Impostor calls itself 'pooling', and so does model.mechanisms.pooling.Pooling"
    ):
        type("Impostor", (Mechanism,), {"name": "pooling", "__module__": "elsewhere"})
    assert mechanism_named("pooling").__module__ == "model.mechanisms.pooling"


def test_a_mechanism_without_a_name_is_a_base_for_others() -> None:
    before = mechanism_names()
    type("HalfDone", (Mechanism,), {"__module__": "elsewhere"})
    assert mechanism_names() == before


# --- allocation --------------------------------------------------------------------------------------


def test_the_scarcest_offers_go_to_the_highest_values_at_shadow_prices() -> None:
    """8 h worth 50 from 5 h at 10 and 5 h at 20: the dearer offer is not used up, so both fetch 20."""
    session = cleared(one_slot([(8.0, 50.0)], [(5.0, 10.0), (5.0, 20.0)]), variant="allocation")
    assert session.given[0] == pytest.approx([0.0, 5.0, 3.0])
    assert session.surplus == session.bound == pytest.approx(8 * 50 - 5 * 10 - 3 * 20)
    assert session.paid == pytest.approx([160.0, -100.0, -60.0])
    assert session.price == pytest.approx([20.0])


def test_losses_and_ways_are_paid_by_who_takes() -> None:
    """4 MWh arrive from 5 given at 10: 30 - 2 - 10 / .8 = 15.5 each."""
    session = one_slot([(4.0, 30.0)], [(9.0, 10.0)], way=np.full(2, 2.0), delivered=np.full(2, 0.8))
    cleared(session, variant="allocation")
    assert session.given[0, 1] == pytest.approx(5.0)
    assert session.moved == pytest.approx([8.0, 0.0])
    assert session.surplus == pytest.approx(4 * 15.5)


@pytest.mark.parametrize("seed", range(4))
def test_the_programme_finds_the_optimum_of_another_solver(seed: int) -> None:
    session = cleared(random_session(seed), variant="allocation")
    slots, tiers, members = session.need.shape
    best = 0.0
    for s in range(slots):
        pairs = list(zip(session.taker, session.giver, session.way, session.delivered, strict=True))
        columns = [(k, *pair) for k in range(tiers) for pair in pairs]
        use = np.zeros((tiers * members + members, len(columns)))
        gain = np.zeros(len(columns))
        for n, (k, t, g, way, arrives) in enumerate(columns):
            use[k * members + t, n], use[tiers * members + g, n] = 1.0, 1.0 / arrives
            gain[n] = session.value[s, k, t] - way - session.cost[s, g] / arrives
        limits = np.concatenate([session.need[s].ravel(), session.offer[s]])
        best -= linprog(-gain, A_ub=use, b_ub=limits).fun
    assert session.bound == pytest.approx(best, rel=1e-9)
    assert session.surplus == pytest.approx(best, rel=1e-9)


def test_no_member_pays_more_than_it_gains_at_shadow_prices() -> None:
    session = cleared(random_session(11), variant="allocation")
    gains = (session.value * session.taken).sum(axis=(0, 1)) - (session.cost * session.given).sum(axis=0)
    assert (gains - session.moved - session.paid >= -1e-9).all()


def test_equal_parts_ignore_values() -> None:
    session = one_slot([(4.0, 9.0), (4.0, 5.0), (8.0, 3.0)], [(6.0, 1.0), (2.0, 2.0)])
    cleared(session, variant="allocation", objective="proportional")
    assert session.taken[0, 0] == pytest.approx([2.0, 2.0, 4.0, 0.0, 0.0])
    assert session.paid.sum() == pytest.approx(0.0)
    assert session.paid[3:] == pytest.approx([-6.0, -4.0])  # costs, no more
    assert session.bound == pytest.approx(4 * 9 + 4 * 5 - 6 * 1 - 2 * 2)


def test_what_was_asked_for_and_is_not_needed_goes_back() -> None:
    """9 on offer, 4 + 4 needed, 8 + 8 asked for: 4.5 each, of which .5 is not used."""
    session = one_slot([(4.0, 9.0), (4.0, 5.0)], [(9.0, 1.0)])
    cleared(session, variant="allocation", objective="proportional", inflation=2.0)
    assert session.taken[0, 0, :2] == pytest.approx([4.0, 4.0])
    assert session.given[0, 2] == pytest.approx(8.0)
    assert session.withheld[0, :2] == pytest.approx([0.5, 0.5])


def test_overstated_needs_crowd_out_others_and_lower_the_surplus() -> None:
    session = one_slot([(4.0, 9.0), (4.0, 5.0)], [(8.0, 1.0)])
    cleared(session, variant="allocation", inflation=2.0)
    assert session.taken[0, 0, :2] == pytest.approx([4.0, 0.0])
    assert session.withheld[0, 0] == pytest.approx(4.0)
    assert session.surplus == pytest.approx(32.0)
    assert session.bound == pytest.approx(48.0)


def test_a_need_that_no_offer_is_worth_does_not_thin_out_the_parts_of_others() -> None:
    session = one_slot([(4.0, 9.0), (4.0, 0.5)], [(4.0, 1.0)])
    cleared(session, variant="allocation", objective="proportional")
    assert session.taken[0, 0, :2] == pytest.approx([4.0, 0.0])


def test_too_large_a_programme_is_refused_with_its_size_and_the_way_out() -> None:
    session = random_session(0)
    assert mechanism_named("allocation").programme_size(session) == 3 * 2 * 56
    with pytest.raises(InputError, match=r"336 variables.*largest_programme is 300.*variant: pooling"):
        mechanism(session, variant="allocation", largest_programme=300)
    mechanism(session, variant="allocation", largest_programme=336)


def test_the_optimum_among_equals_does_not_depend_on_what_was_solved_before() -> None:
    ties = one_slot([(3.0, 9.0)] * 4, [(2.0, 1.0)] * 3)
    first = mechanism(ties, variant="allocation")
    first.clear(0, ties)
    alone = ties.flow.copy(), ties.paid.copy()
    later = random_session(5)
    first.clear(1, one_slot([(1.0, 4.0)] * 4, [(1.0, 3.0)] * 3))
    mechanism(later, variant="allocation").clear(0, later)
    for other in (copy.deepcopy(first), pickle.loads(pickle.dumps(first))):
        other.clear(2, ties)
        assert (ties.flow == alone[0]).all()
        assert (ties.paid == alone[1]).all()


# --- reports -----------------------------------------------------------------------------------------


def test_reports_are_the_needs_themselves_without_error_and_inflation() -> None:
    session = random_session(1)
    assert mechanism(session, variant="pooling").reports(3, session) is session.need


def test_errors_of_reports_have_their_sd_and_belong_to_member_and_day() -> None:
    session = new_session(np.arange(4000), Links(*[np.zeros(0, np.int64)] * 2, np.zeros(0)))  # type: ignore[arg-type]
    session.need[:] = 2.0
    some = mechanism(session, variant="pooling", mapping_sd=0.3)
    log = np.log(some.reports(5, session)[0, 0] / 2.0)
    assert log.mean() == pytest.approx(0.0, abs=4 * 0.3 / np.sqrt(4000))
    assert log.std() == pytest.approx(0.3, abs=4 * 0.3 / np.sqrt(8000))
    assert (some.reports(6, session)[0, 0] != some.reports(5, session)[0, 0]).mean() == 1.0
    assert (some.reports(5, session)[0, 1] == some.reports(5, session)[0, 0]).all()


# --- leasing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("worth", [10.0, 24.0, 31.0, 44.0, 50.0])
def test_no_other_bid_pays_against_strategic_partners(worth: float) -> None:
    """Profit over partners drawn evenly from [10, 50], for a grid of bids and asks."""
    low, high = 10.0, 50.0
    partners = np.linspace(low, high, 20_001)
    asks = np.array([leasing.offers_made(leasing.STRATEGIC, low, c, low, high)[1] for c in partners])
    bids = np.array([leasing.offers_made(leasing.STRATEGIC, v, low, low, high)[0] for v in partners])

    def of_taker(bid: float) -> float:
        return float(np.where(asks <= bid, worth - 0.5 * (bid + asks), 0.0).mean())

    def of_giver(ask: float) -> float:
        return float(np.where(bids >= ask, 0.5 * (bids + ask) - worth, 0.0).mean())

    bid, ask = leasing.offers_made(leasing.STRATEGIC, worth, worth, low, high)
    others = np.linspace(low - 5.0, high + 5.0, 601)
    assert of_taker(bid) >= max(of_taker(other) for other in others) - 2e-3
    assert of_giver(ask) >= max(of_giver(other) for other in others) - 2e-3


def test_strategic_partners_forgo_small_gains() -> None:
    """On the range 0 to 40 a trade needs a gain of 10."""
    pairs = Links(np.array([0, 1, 2]), np.array([3, 4, 5]), np.zeros(3))
    session = one_slot([(1.0, 29.0), (1.0, 31.0), (1.0, 40.0)], [(1.0, 20.0), (1.0, 20.0), (1.0, 0.0)], pairs)
    cleared(session, variant="leasing", search_cost=0.0)
    assert session.taken[0, 0, :3] == pytest.approx([0.0, 1.0, 1.0])
    assert session.paid[1] == pytest.approx(0.5 * ((2 / 3 * 31 + 40 / 12) + (2 / 3 * 20 + 10)))
    cleared(session, variant="leasing", search_cost=0.0, bargaining="truthful")
    assert session.taken[0, 0, :3] == pytest.approx([1.0, 1.0, 1.0])
    assert session.paid[:3] == pytest.approx([24.5, 25.5, 20.0])
    cleared(session, variant="leasing", search_cost=0.0, bargaining="posted")
    assert session.paid[:3] == pytest.approx([20.0, 20.0, 20.0])


def test_each_call_costs_and_calls_end_with_need_partners_or_hope() -> None:
    scarce = one_slot([(9.0, 50.0)], [(1.0, 10.0)] * 5)
    for partners, calls in ((2, 2), (4, 4), (100, 5)):
        cleared(scarce, variant="leasing", partners=partners, search_cost=3.0, bargaining="truthful")
        assert scarce.moved[0] == pytest.approx(3.0 * calls)
        assert scarce.taken.sum() == pytest.approx(calls)
    ample = one_slot([(9.0, 50.0)], [(10.0, 10.0)] * 5)
    assert cleared(ample, variant="leasing", partners=5, search_cost=3.0).moved[0] == pytest.approx(3.0)
    hopeless = one_slot([(0.05, 50.0)], [(10.0, 10.0)] * 5)
    assert cleared(hopeless, variant="leasing", partners=5, search_cost=3.0).moved[0] == 0.0


def test_rounding_lets_nobody_give_less_than_nothing() -> None:
    assert 0.3 + (0.9 - 0.3) > 0.9
    for day in range(100):  # some day the last of the three is asked when the rounded need is more than met
        session = one_slot([(0.9, 50.0)], [(0.3, 10.0), (0.7, 10.0), (10.0, 10.0)])
        cleared(session, day, variant="leasing", partners=3, bargaining="truthful", mapping_sd=1.0)


def test_takers_call_in_another_order_each_day_which_nobody_else_changes() -> None:
    def served(day: int, members: int) -> int:
        session = one_slot([(1.0, 9.0)] * members, [(1.0, 1.0)])
        some = mechanism(session, variant="leasing", search_cost=0.0, partners=100)
        some.entities = np.append(np.arange(members), 999)
        some.clear(day, session)
        return int(session.taken[0, 0].argmax())

    winners = [served(day, 4) for day in range(40)]
    assert set(winners) == {0, 1, 2, 3}
    assert all(new in (old, 4) for old, new in zip(winners, (served(day, 5) for day in range(40)), strict=True))


# --- pooling -----------------------------------------------------------------------------------------


def test_one_price_between_the_marginal_pair() -> None:
    """Bids 30, 20, 10 meet asks 5, 15, 25: two trades, between max(15, 10) and min(20, 25)."""
    session = one_slot([(1.0, 30.0), (1.0, 20.0), (1.0, 10.0)], [(1.0, 5.0), (1.0, 15.0), (1.0, 25.0)])
    cleared(session, variant="pooling")
    assert session.taken[0, 0] == pytest.approx([1, 1, 0, 0, 0, 0])
    assert session.given[0] == pytest.approx([0, 0, 0, 1, 1, 0])
    assert session.price == pytest.approx([17.5])
    assert session.paid == pytest.approx([17.5, 17.5, 0, -17.5, -17.5, 0])


def test_those_who_bid_or_ask_the_same_at_the_margin_share() -> None:
    session = one_slot([(3.0, 30.0), (4.0, 20.0), (2.0, 20.0)], [(6.0, 5.0)])
    cleared(session, variant="pooling")
    assert session.taken[0, 0] == pytest.approx([3.0, 2.0, 1.0, 0.0])
    assert session.price == pytest.approx([20.0])
    cleared(session := one_slot([(3.0, 30.0)], [(4.0, 5.0), (2.0, 5.0)]), variant="pooling")
    assert session.given[0] == pytest.approx([0.0, 2.0, 1.0])
    assert session.price == pytest.approx([5.0])


def test_equal_priority_shares_at_the_price_of_the_dearest_offer() -> None:
    """At 15, three bid for 9 h of the 6 on offer: two thirds each; who bids 10 gets nothing."""
    session = one_slot([(3.0, 30.0), (3.0, 20.0), (3.0, 16.0), (3.0, 10.0)], [(5.0, 5.0), (1.0, 15.0), (9.0, 29.0)])
    cleared(session, variant="pooling", priority="equal")
    assert session.taken[0, 0, :4] == pytest.approx([2.0, 2.0, 2.0, 0.0])
    assert session.given[0, 4:] == pytest.approx([5.0, 1.0, 0.0])
    assert session.price == pytest.approx([15.0])


def test_a_congested_pool_serves_the_best_first_and_moves_no_more() -> None:
    session = one_slot([(2.0, 30.0), (2.0, 20.0)], [(2.0, 5.0), (2.0, 15.0)])
    cleared(session, variant="pooling", throughput=1.0)
    assert session.taken[0, 0, :2] == pytest.approx([1.0, 0.0])
    assert session.given[0, 2:] == pytest.approx([1.0, 0.0])
    assert session.price == pytest.approx([17.5])  # between 5 and 30
    cleared(session, variant="pooling", throughput=1.0, priority="equal")
    assert session.taken[0, 0, :2] == pytest.approx([0.5, 0.5])
    cleared(session, variant="pooling", throughput=0.0)
    assert session.taken.sum() == 0.0


def test_the_way_to_the_middle_costs_units_and_money() -> None:
    """Given 10, of which 8 reach the middle and 4 the taker; asks 5 / .8 + 1, bids 40 * .5 - 2."""
    links = Links(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    session = one_slot(
        [(4.0, 40.0)], [(10.0, 5.0)], links, access=np.array([2.0, 1.0]), access_share=np.array([0.5, 0.8])
    )
    cleared(session, variant="pooling")
    assert session.taken.sum() == pytest.approx(4.0)
    assert session.given.sum() == pytest.approx(10.0)
    assert session.moved == pytest.approx([16.0, 8.0])
    assert session.price == pytest.approx([0.5 * (5 / 0.8 + 1 + 40 * 0.5 - 2)])


def test_a_pool_with_overstated_needs_sends_back_what_is_not_used() -> None:
    session = one_slot([(4.0, 9.0), (4.0, 5.0)], [(20.0, 1.0)])
    cleared(session, variant="pooling", mapping_sd=0.5, day=3)
    factor = mechanism(session, variant="pooling", mapping_sd=0.5).reports(3, session)[0, 0, :2] / 4.0
    assert session.taken[0, 0, :2] == pytest.approx(4.0 * np.minimum(1.0, factor))
    assert session.withheld[0, :2] == pytest.approx(4.0 * np.maximum(0.0, factor - 1.0))


@pytest.mark.parametrize(
    ("terms", "places"),
    [({"variant": "allocation"}, 1), ({"variant": "leasing"}, 1), ({"variant": "pooling"}, 1)],
)
def test_each_slot_is_a_market_of_its_own(terms: dict[str, Any], places: int) -> None:
    session = new_session(np.arange(2), everybody(2), slots=2)
    session.need[0, places, 0], session.value[0, places, 0] = 5.0, 9.0
    session.offer[1, 1] = 5.0
    cleared(session, search_cost=0.0, **terms)
    assert session.taken.sum() == session.given.sum() == 0.0
    assert np.isnan(session.price).all()
    session.offer[0, 1] = 3.0
    cleared(session, search_cost=0.0, **terms)
    assert session.taken[0, places, 0] == pytest.approx(3.0)
    assert np.isfinite(session.price).tolist() == [True, False]


# --- sessions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.taken.__imul__(3.0), "more than it needs"),
        (lambda s: s.given.__imul__(9.0), "more than it offers"),
        (lambda s: s.given.__imul__(0.5), "units are given and not taken, or taken and not given"),
        (lambda s: s.taken.__imul__(-1.0), "less than nothing"),
        (lambda s: s.paid.__iadd__(1.0), "payments between members sum to 3 EUR"),
        (lambda s: s.paid.fill(np.nan), "not finite"),
        (lambda s: s.moved.fill(1e300), "moved beyond 1e+15 EUR"),
        (lambda s: s.price.fill(-1e16), "price beyond 1e+15 EUR"),
        (lambda s: setattr(s, "bound", np.inf), "bound beyond 1e+15 EUR"),
        (lambda s: setattr(s, "taken", np.zeros(3)), "taken is float64 of shape (3,), and must stay float64 of shape"),
        (lambda s: setattr(s, "paid", [0.0, 0.0, 0.0]), "paid is [0.0, 0.0, 0.0], and must stay float64"),
    ],
)
def test_broken_rules_are_named(change: Any, words: str) -> None:
    session = cleared(one_slot([(8.0, 50.0)], [(5.0, 10.0), (5.0, 20.0)]), variant="allocation")
    change(session)
    assert words in "; ".join(session.faults())


def test_results_of_yesterday_are_cleared() -> None:
    session = cleared(one_slot([(8.0, 50.0)], [(5.0, 10.0)]), variant="allocation")
    session.clear_results()
    assert session.surplus == 0.0
    assert np.isnan(session.bound)
    assert (session.unmet == session.need).all()


# --- who is within reach -----------------------------------------------------------------------------


@pytest.mark.parametrize("nearest", [None, 3, 50])
def test_pairs_within_reach_are_those_that_a_full_search_finds(nearest: int | None) -> None:
    rng = np.random.default_rng(3)
    xy = rng.uniform(0, 10, (40, 2))
    kind, gives = rng.integers(0, 3, 40), rng.random(40) < 0.7
    found = pairs_within(xy, 4.0, lambda t, g, _: kind[t] == kind[g], takers=~gives, givers=gives, nearest=nearest)
    expected = []
    for t in np.flatnonzero(~gives):
        near = sorted((float(np.hypot(*(xy[t] - xy[g]))), g) for g in np.flatnonzero(gives) if kind[g] == kind[t])
        expected += [(t, g) for d, g in near if d <= 4.0][:nearest]
    assert list(zip(found.taker, found.giver, strict=True)) == expected
    assert found.distance_km == pytest.approx(np.hypot(*(xy[found.taker] - xy[found.giver]).T))


@pytest.mark.parametrize("nearest", [None, 2])
def test_nobody_takes_from_itself_and_some_have_nobody(nearest: int | None) -> None:
    xy = np.array([[0.0, 0.0], [3.0, 4.0], [100.0, 0.0]])
    found = pairs_within(xy, 5.0, nearest=nearest)
    assert list(zip(found.taker, found.giver, strict=True)) == [(0, 1), (1, 0)]
    assert pairs_within(xy, 4.9, nearest=nearest).taker.size == 0
    assert pairs_within(xy, 5.0, nearest=0).taker.size == 0
    assert pairs_within(xy[:1], 5.0, nearest=nearest).taker.size == 0
    assert pairs_within(xy[:0], 5.0, nearest=nearest).taker.size == 0
    assert pairs_within(xy, 5.0, givers=np.zeros(3, bool), nearest=nearest).taker.size == 0


def test_members_at_one_site_do_not_crowd_on_the_same_givers() -> None:
    found = pairs_within(np.zeros((1000, 2)), 1.0, nearest=4)
    assert (np.bincount(found.taker) == 4).all()
    assert (np.bincount(found.giver) == 4).all()
    assert (found.taker != found.giver).all()


def test_the_nearest_that_fit_are_found_among_many_that_do_not() -> None:
    xy = np.column_stack([np.arange(200.0), np.zeros(200)])
    found = pairs_within(xy, 500.0, lambda t, g, _: (t == 0) & (g >= 150), nearest=2)
    assert found.giver.tolist() == [150, 151]


def test_more_pairs_than_memory_holds_are_refused_before_they_are_listed() -> None:
    with pytest.raises(InputError, match=r"9,000,000 pairs of members lie within 5 km.*variant: pooling"):
        pairs_within(np.zeros((3000, 2)), 5.0)


def test_who_overstates_alone_gets_more_of_equal_parts_and_what_others_get() -> None:
    """4 on offer, 4 + 4 needed: 2 each; if the first asks for 12, the parts are a quarter: 3 and 1."""
    session = one_slot([(4.0, 9.0), (4.0, 9.0)], [(4.0, 1.0)])
    terms = contract(variant="allocation", objective="proportional", inflation=3.0)
    for overstates, taken in (([False] * 3, [2.0, 2.0]), ([True, False, False], [3.0, 1.0]), ([True] * 3, [2.0, 2.0])):
        own = Draws(lambda name: stream_key(7, 0, name), np.arange(3), np.array(overstates))
        mechanism_named("allocation")(terms, session, own).clear(0, session)
        assert session.faults() == []
        assert session.taken[0, 0, :2] == pytest.approx(taken)
