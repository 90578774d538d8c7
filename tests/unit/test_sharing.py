"""The money of sharing and who could leak what, by hand: interfaces, platforms, copies, and forecast prices."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from model.contract_checks import complying
from model.hubs import Posting, online_days
from model.incidents import limited_mean
from model.inputs import DataContract, DataPlatformInputs, Period
from model.model import CollaborationModel
from model.security import PrivacyRule, Security
from model.sharing import combine_prices, forecast_prices, learn_price_gain
from model.streams import normal, stream_key, uniform
from tests.unit.works import economy, plan, works

FIXED = Security(rule="fixed", spending=30_000.0, alpha=1e-4)


def sharing(*contracts: DataContract, **changes: Any) -> Any:
    return CollaborationModel(economy(*contracts, **changes)).sharing


def paid(postings: list[Posting], kind: str) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for posting in postings:
        if posting.kind == kind:
            found[posting.payer, posting.payee] = found.get((posting.payer, posting.payee), 0.0) + posting.eur
    return found


def test_every_pair_needs_an_interface_and_each_sharer_gets_the_fee() -> None:
    postings = sharing(plan(fee=1000.0, interface_cost=60_000.0, provider_share=0.25)).postings
    assert paid(postings, "fee") == {("power", name): 1000.0 for name in ("ore", "forge", "mill")}
    assert paid(postings, "interface") == {
        **{(name, "resources"): 15_000.0 for name in ("ore", "forge", "mill")},
        ("power", "resources"): 3 * 45_000.0,
    }


def test_a_mutual_exchange_takes_an_interface_for_every_two_sharers() -> None:
    one_way, mutual = (
        paid(sharing(plan(interface_cost=60_000.0, exchange=exchange)).postings, "interface")
        for exchange in ("one_way", "mutual")
    )
    more = {name: mutual[name, "resources"] - one_way[name, "resources"] for name in ("ore", "forge", "mill", "power")}
    # three pairs of three sharers, halved: each pays half of two
    assert more == {"ore": 60_000.0, "forge": 60_000.0, "mill": 60_000.0, "power": 0.0}


def test_a_group_counts_each_of_its_firms() -> None:
    group = (dataclasses.replace(works("ore"), count=4),)
    alone = DataContract(
        name="plans", provider="ore", partner="power", fee=1000.0, interface_cost=60_000.0, exchange="mutual"
    )
    postings = sharing(alone, manufacturers=group).postings
    assert paid(postings, "fee") == {("power", "ore"): 4000.0}
    # four links to the utility, half each, and six pairs within the group
    assert paid(postings, "interface") == {
        ("ore", "resources"): 4 * 30_000.0 + 6 * 60_000.0,
        ("power", "resources"): 4 * 30_000.0,
    }


HUB = DataPlatformInputs(name="hub", hub_cost=100_000.0, member_cost=7000.0, fee=5000.0, security=FIXED)


def hub_postings(**changes: Any) -> list[Posting]:
    hub = dataclasses.replace(HUB, **changes)
    postings: list[Posting] = sharing(plan(platform="hub", fee=1000.0), data_platforms=(hub,)).postings
    return postings


def test_a_cooperative_passes_its_result_to_its_members() -> None:
    postings, members = hub_postings(), ("ore", "forge", "mill", "power")
    assert paid(postings, "interface") == {(name, "resources"): 7000.0 for name in members}
    assert paid(postings, "platform_fee") == {(name, "hub"): 5000.0 for name in members}
    assert paid(postings, "platform") == {("hub", "resources"): 100_000.0}
    assert paid(postings, "security")["hub", "resources"] == 30_000.0
    # 20,000 of fees less 100,000 of cost and 30,000 of security, in four equal parts
    assert paid(postings, "platform_result") == {("hub", name): -27_500.0 for name in members}


def test_an_operator_keeps_its_result() -> None:
    postings = hub_postings(governance="operator")
    assert paid(postings, "platform_result") == {}
    cash = sharing(plan(platform="hub"), data_platforms=(dataclasses.replace(HUB, governance="operator"),)).cash
    assert cash[-1] == pytest.approx((20_000.0 - 130_000.0) / 365.0)


def test_a_party_to_two_contracts_is_one_member() -> None:
    logs = DataContract(name="logs", asset="log", provider="ore", partner="power", platform="hub")
    both = sharing(plan(platform="hub"), logs, data_platforms=(HUB,))
    assert both.members == {"hub": {"ore": 1, "forge": 1, "mill": 1, "power": 1}}
    assert paid(both.postings, "interface")["ore", "resources"] == 7000.0


def holders(contracts: tuple[DataContract, ...], **changes: Any) -> dict[tuple[str, str, str], tuple[float, float]]:
    copies = sharing(*contracts, **changes).exposure.copies
    return {(copy.owner, copy.asset, copy.holder): (copy.revealed, copy.rate) for copy in copies}


def test_the_partner_holds_a_copy_of_every_sharers_plan() -> None:
    found = holders((plan(breach_rate=0.3),))
    assert found == {(name, "plan", "power"): (1.0, 0.3) for name in ("ore", "forge", "mill")}


def test_under_a_mutual_exchange_every_sharer_holds_the_others_plans() -> None:
    found = holders((plan(exchange="mutual", breach_rate=0.3),))
    assert len(found) == 3 + 3 * 2
    assert ("ore", "plan", "mill") in found
    assert ("ore", "plan", "ore") not in found


@pytest.mark.parametrize(
    ("holds", "terms", "revealed"),
    [("records", {}, 1.0), ("ciphertext", {}, 0.0), ("records", {"variant": "encrypted"}, 0.0)],
)
def test_a_platform_reveals_what_it_can_read(holds: str, terms: dict[str, Any], revealed: float) -> None:
    hub = dataclasses.replace(HUB, holds=holds, breach_rate=0.2)
    found = holders((plan(platform="hub", **terms),), data_platforms=(hub,))
    assert {key: value for key, value in found.items() if key[2] == "hub"} == {
        (name, "plan", "hub"): (revealed, 0.2) for name in ("ore", "forge", "mill")
    }


def test_a_loss_is_capped_by_what_the_owner_sells() -> None:
    terms = {"breach_rate": 0.5, "breach_median": 1e9, "breach_sigma": 1.0}
    postings = sharing(plan(**terms)).postings
    year = 100.0 * 1000.0 * 365.0
    assert paid(postings, "breach")["ore", "resources"] == pytest.approx(0.5 * float(limited_mean(1e9, 1.0, year)[0]))
    assert paid(postings, "breach")["ore", "resources"] < 0.5 * year


def test_members_of_a_group_hold_copies_and_their_party_pays() -> None:
    group = (dataclasses.replace(works("ore"), count=3),)
    shared = DataContract(name="plans", provider="ore", partner="power", exchange="mutual", security=FIXED)
    found = sharing(shared, manufacturers=group, privacy=PrivacyRule(fine_probability=1.0, fine_sigma=0.0))
    assert paid(found.postings, "security") == {("power", "resources"): 30_000.0, ("ore", "resources"): 90_000.0}
    assert paid(found.postings, "fine")["ore", "regulator"] == pytest.approx(3 * 94_000.0 * 0.0976 / 4.0)


def test_what_records_revealed_in_burn_in_sets_the_expected_loss() -> None:
    shared = plan(variant="encrypted", breach_sigma=0.0, breach_rate=1.0)
    model = CollaborationModel(economy(shared, calendar=Period(days=20, burn_in=30)), rng=3)
    before = paid(model.sharing.postings, "breach")["ore", "resources"]
    model.run_for(31)  # burn-in and the first day that counts
    contract = model.sharing.contracts[0]
    after = paid(model.sharing.postings, "breach")["ore", "resources"]
    assert before == 20_000.0  # the whole plan, as long as nothing is known
    assert after == pytest.approx(20_000.0 * contract.revealed[0])
    model.run_for(5)
    assert paid(model.sharing.postings, "breach")["ore", "resources"] == after
    assert contract.revealed[0] != pytest.approx(after / 20_000.0, rel=1e-6)


def test_an_outage_lasts_until_a_draw_ends_it() -> None:
    key = stream_key(1, 0, "platform_outage")
    draws = [uniform(key, 9, day, 0) for day in range(60)]
    expected, works_today = [], True
    for draw in draws:
        works_today = draw >= 0.2 if works_today else draw < 0.4
        expected.append(works_today)
    assert online_days(60, 9, key, 0.2, 0.4).tolist() == expected
    assert 5 < sum(expected) < 55
    assert online_days(60, 9, key, 0.0, 0.4).all()


def test_a_forecast_of_prices_errs_persistently() -> None:
    key, other = (stream_key(1, 0, name) for name in ("price_forecast_error", "plan_noise"))
    price, forecast = np.linspace(20.0, 90.0, 24), np.zeros(24)
    forecast_prices(6, 3, key, 10.0, other, 0.0, price, forecast)
    shocks = [10.0 * normal(key, 3, 6, h) for h in (0, 1)]
    assert forecast[0] == pytest.approx(20.0 + shocks[0])
    assert forecast[1] == pytest.approx(price[1] + 0.8 * shocks[0] + 0.6 * shocks[1])
    forecast_prices(6, 3, key, 0.0, other, 2.0, price, forecast)
    assert forecast[5] == pytest.approx(price[5] + 2.0 * normal(other, 3, 6, 5))
    forecast_prices(6, 3, key, 0.0, other, 0.0, price, forecast)
    assert forecast.tolist() == price.tolist()


def test_only_the_shape_of_a_told_forecast_counts_and_only_as_far_as_it_has_proved_right() -> None:
    own, told, view, moments = np.zeros(24), np.zeros(24), np.zeros(24), np.array([0.0, 10.0])
    told[:] = np.where(np.arange(24) < 12, 60.0, 50.0)  # news: five above and five below a mean of 55
    combine_prices(own, told, moments, True, view)
    assert not view.any()
    price = np.where(np.arange(24) < 12, 103.0, 97.0)  # three above and below: the news was right, and too bold
    learn_price_gain(price, own, told, 0.5, moments)
    assert moments.tolist() == [24 * 15.0, 5.0 + 24 * 25.0]
    combine_prices(own, told, moments, True, view)
    assert view == pytest.approx(np.where(np.arange(24) < 12, 5.0, -5.0) * 360.0 / 605.0)
    combine_prices(own, told, moments, False, view)
    assert view.tolist() == told.tolist()


def test_a_works_plans_on_the_forecast_that_it_is_told_and_on_its_own_else() -> None:
    adaptive = (works("ore", scheduling="before_prices"),)
    told = DataContract(name="prices", asset="price_forecast", provider="power", partner="ore", platform="hub")
    down = dataclasses.replace(HUB, outage_rate=100.0, outage_days=3.0)
    model = CollaborationModel(economy(told, manufacturers=adaptive, data_platforms=(down,)), rng=1)
    seen = set()
    for day in range(20):
        model.step()
        online, contract = bool(model.sharing.online["hub"][day]), model.sharing.contracts[0]
        seen.add(online)
        assert np.array_equal(model.goods.price_view[0], contract.view if online else contract.own)
    assert seen == {True, False}


RULE = PrivacyRule(epsilon_max=2.0, protected="day", block_min=5, k_min=3)


def test_a_rule_tightens_what_is_weaker_and_leaves_what_is_stricter() -> None:
    lawful = complying(plan(), RULE)
    assert (lawful.variant, lawful.resolution, lawful.k) == ("anonymised", 6, 3)  # 5 h do not divide the day
    assert (lawful.epsilon, lawful.protected) == (2.0, "day")
    strict = plan(variant="anonymised", resolution=12, k=3, epsilon=1.0, protected="day")
    assert complying(strict, RULE) == strict


def test_a_rule_on_days_is_not_met_by_protecting_heats() -> None:
    heats = plan(variant="anonymised", resolution=6, k=3, epsilon=1.0, protected="heat")
    assert complying(heats, RULE) == dataclasses.replace(heats, protected="day")
    lenient = dataclasses.replace(RULE, protected="heat")
    days = dataclasses.replace(heats, epsilon=9.0, protected="day")
    assert complying(days, lenient) == dataclasses.replace(days, epsilon=2.0)


def test_no_rule_changes_nothing_and_masked_records_need_no_more() -> None:
    for terms in ({}, {"variant": "anonymised", "k": 2}, {"protected": "heat"}):
        assert complying(plan(**terms), PrivacyRule()) == plan(**terms)
    assert complying(plan(variant="encrypted"), RULE) == plan(variant="encrypted")
    meters = DataContract(name="meters", asset="meter", provider="ore", partner="power")
    assert complying(meters, RULE) == meters


def test_nothing_shared_costs_nothing() -> None:
    silent = sharing(plan(noise_sd=math.inf, platform="hub", fee=1e6), data_platforms=(HUB,))
    assert silent.postings == []
    assert silent.contracts == []
    assert not silent.cash.any()
