"""The engine against the readable reference, day by day, on drawn scenarios: equal to 1e-9.

`TANDEM_EXAMPLES=5000` draws that many new scenarios instead of the fixed thirty.
"""

import os
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from model.errors import InputError
from model.inputs import ModelInputs
from model.model import CollaborationModel
from tests.property.drawn_scenarios import estates, scenarios
from tests.reference.economy import ReferenceModel

TOLERANCE = 1e-9
MONEY = {"energy_bill", "peak_charge", "imbalance_payment", "imbalance_covariance"}
EXAMPLES = int(os.environ.get("TANDEM_EXAMPLES", "0"))

drawn = settings(
    max_examples=EXAMPLES or 30,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def assert_equal(what: str, day: int, got: ArrayLike, wanted: ArrayLike, scale: float) -> None:
    """Require equality to 1e-9 of the value or of `scale`, the size of what its terms add up from."""
    left, right = np.asarray(got, dtype=np.float64), np.asarray(wanted, dtype=np.float64)
    assert left.shape == right.shape, (what, day)
    allowed = TOLERANCE * np.maximum(np.abs(right), scale)
    worst = np.abs(left - right) - allowed
    assert np.all(worst <= 0.0), f"{what} on day {day}: {left[worst > 0.0][:5]} against {right[worst > 0.0][:5]}"


def compare_firms(day: int, engine: CollaborationModel, reference: ReferenceModel) -> None:
    """Compare the columns of the day, firm by firm."""
    live = engine.live
    platforms = reference.platforms
    names = [f.name for f in (*reference.firms, *reference.utilities)]
    assert engine.population.names == (*names, *(platform.party for platform in platforms))
    for row, platform in enumerate(platforms, len(names)):
        assert bool(live.online[row]) == platform.online[day], (platform.party, day)
        assert live.members[row] == sum(platform.members.values()), platform.party
        cash = f"cash of {platform.party}"
        assert_equal(cash, day, live.cash[row], platform.cash, max(1.0, reference.turnover_so_far))
    for row, firm in enumerate(reference.firms):
        units = firm.usual_demand * (firm.lead + 1)
        turnover = max(1.0, reference.turnover_so_far)
        for name in ("net_stock", "order", "produced", "shipped", "prompt", "incoming", "end_demand"):
            assert_equal(f"{name} of {firm.name}", day, getattr(live, name)[row], getattr(firm, name), units)
        assert_equal(f"pipeline of {firm.name}", day, live.pipeline[row], firm.on_order, units)
        peak = max(1.0, *firm.load)
        assert_equal(f"load of {firm.name}", day, live.load[row], firm.load, peak)
        assert_equal(f"electricity of {firm.name}", day, live.electricity[row], firm.electricity, peak)
        assert_equal(f"peak of {firm.name}", day, live.peak_load[row], firm.month_peak, peak)
        assert_equal(f"cash of {firm.name}", day, live.cash[row], firm.cash, turnover)


def compare_power(day: int, engine: CollaborationModel, reference: ReferenceModel) -> None:
    """Compare forecasts, plans, positions, imbalance and prices."""
    power, names = engine.power, engine.population.names
    alone = {names[row]: a for a, row in enumerate(power.alone_rows)}
    batch = {names[row]: b for b, row in enumerate(engine.goods.batch)}
    for name, b in batch.items():
        process = next(f for f in reference.firms if f.name == name).process
        assert_equal(f"plan of {name}", day, engine.goods.plan[b], process.plan, max(process.plan))
        for word in ("restarts", "broke", "worn", "maintained"):
            assert getattr(engine.goods, word)[b] == getattr(process, word), (word, name, day)
    assert_equal("price", day, power.price, reference.price, 100.0)
    assert_equal("rest of the system", day, power.rest, reference.rest, engine.inputs.balancing.rest_sd)
    for u, utility in enumerate(reference.utilities):
        size = max(1.0, *utility.drawn, *utility.expected)
        for name in utility.forecast:
            a = alone[name]
            assert_equal(f"forecast of {name}", day, power.forecast[a], utility.forecast[name], size)
            assert_equal(
                f"forecast from history of {name}", day, power.customers.forecast[a], utility.baseline[name], size
            )
        assert_equal(f"nomination of {utility.name}", day, power.nomination[u], utility.nomination, size)
        assert_equal(f"imbalance of {utility.name}", day, power.imbalance[u], utility.imbalance, size)
        row = engine.population.makers + u
        assert_equal(f"cash of {utility.name}", day, engine.live.cash[row], utility.cash, reference.turnover_so_far)


def compare_sharing(day: int, engine: CollaborationModel, reference: ReferenceModel) -> None:
    """Compare hours, heat, materials, jobs and generators."""
    shops, flows, stations = engine.workshops, engine.flows, engine.stations
    for i, shop in enumerate(reference.shops):
        hours = max(1.0, *shop.manned.values())
        for word in ("own", "lent", "borrowed", "used", "guests", "overtime"):
            wanted = list(getattr(shop, word).values())
            assert_equal(f"hours {word} of {shop.firm.name}", day, getattr(shops, word)[:, i], wanted, hours)
    for k, source in enumerate(reference.flows.heat.values()):
        heat = max(1.0, *source.need, *source.waste)
        for word in ("need", "waste", "delivered", "given"):
            got, wanted = getattr(flows.heat, word)[k], np.array(getattr(source, word))
            wanted = wanted + source.kept if word in {"delivered", "given"} else wanted
            assert_equal(f"heat {word} of {source.firm.name}", day, got, wanted, heat)
    for k, material in enumerate(reference.flows.materials.values()):
        for word in ("made", "need", "used", "given"):
            got, wanted = getattr(flows.materials, word)[k], getattr(material, word)
            assert_equal(f"material {word} of {material.firm.name}", day, got, wanted, material.made + material.need)
    for k, station in enumerate(reference.stations.stations):
        wanted = [station.today[word] for word in ("jobs", "blocked", "delayed", "waited", "busy", "away", "moved")]
        assert_equal(f"jobs of {station.firm.name}", day, stations.today[k], wanted, max(24.0, *wanted))
    for plant in reference.plants:
        u = reference.utilities.index(plant.utility)
        most = plant.terms.blocks * plant.terms.capacity
        for word in ("expected", "available", "planned", "output"):
            got = getattr(engine.power.plants, f"{word}_mw")[u]
            assert_equal(f"{word} of {plant.utility.name}", day, got, getattr(plant, word), most)
    for mine, own in zip(engine.resources.contracts, reference.contracts.contracts, strict=True):
        name, worth = mine.terms.name, max(1.0, own.table.worth_of_needs, sum(map(abs, own.table.paid)))
        assert name == own.terms.name
        assert_equal(f"surplus of {name}", day, mine.session.surplus, own.table.surplus, worth)
        assert_equal(f"payments of {name}", day, mine.session.paid, own.table.paid, worth)
        assert_equal(f"ways of {name}", day, mine.session.moved, own.table.moved, worth)


def compare_books(day: int, engine: CollaborationModel, reference: ReferenceModel) -> None:
    """Compare every ledger line of the day."""
    ledger, names = engine.ledger, engine.ledger.parties
    posted: dict[Any, float] = {}
    for line, eur in enumerate(ledger.today):
        key = (names[ledger.payer[line]], names[ledger.payee[line]], ledger.kind[line])
        posted[key] = posted.get(key, 0.0) + float(eur)
    turnover = max(1.0, sum(map(abs, reference.posted.values())))
    for key in posted.keys() | reference.posted.keys():
        assert_equal(" -> ".join(key), day, posted.get(key, 0.0), reference.posted.get(key, 0.0), turnover)


def compare_outcomes(engine: CollaborationModel, reference: ReferenceModel) -> None:
    """Compare the declared outcomes of the run."""
    # The reference keeps no mean prices of slots; what everybody pays is compared day by day.
    got = {key: value for key, value in engine.outcomes().items() if not key[0].startswith("price_of_")}
    wanted = reference.counters.outcomes()
    assert got.keys() == wanted.keys()
    scale = reference.turnover_so_far * 365.0 / engine.inputs.calendar.days
    for key, value in wanted.items():
        in_eur = "cost" in key[0] or key[0] in MONEY
        # The engine keeps running sums: their variance is good to rounding times mean square over variance.
        precision = 1.0 + 1e-14 / TOLERANCE * reference.counters.lost_digits(*key)
        assert_equal(str(key), -1, got[key], value, scale if in_eur else max(1.0, abs(value)) * precision)


def compare(inputs: ModelInputs, seed: int, replication: int) -> None:
    """Run both and compare every day."""
    engine = CollaborationModel(inputs, rng=seed, replication=replication)
    reference = ReferenceModel(inputs, seed, replication)
    for day in range(reference.days):
        engine.step()
        reference.step()
        compare_firms(day, engine, reference)
        compare_power(day, engine, reference)
        compare_sharing(day, engine, reference)
        compare_books(day, engine, reference)
    compare_outcomes(engine, reference)


@drawn
@given(inputs=scenarios(), seed=st.integers(0, 2**31), replication=st.integers(0, 50))
def test_engine_and_reference_live_the_same_days(inputs: ModelInputs, seed: int, replication: int) -> None:
    compare(inputs, seed, replication)


@settings(drawn, max_examples=EXAMPLES or 30)
@given(inputs=estates(), seed=st.integers(0, 2**31))
def test_engine_and_reference_share_alike(inputs: ModelInputs, seed: int) -> None:
    try:
        CollaborationModel(inputs, rng=seed)
    except InputError:  # research that would always pay: refused
        reject()
    compare(inputs, seed, 0)
