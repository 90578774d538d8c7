"""Validation of load that moves: demand response in a clearing zone, and storage alone or together.

Oracles: two hours on a linear stack a + bD; Kalathil, Wu, Poolla & Varaiya, The Sharing Economy for the Electricity
Grid (newsvendor cost of a store that is recharged with what was used). They share no code with the engine.
"""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import norm

from model.errors import Fault
from model.streams import Floats, normals, stream_key
from model.validation.case import Bench, Case, Check, setting
from model.validation.electricity import POWER, stack_file, utility_of, zone_file
from model.validation.engine import FIRST_DAY, model_of, own_load, own_series
from model.validation.sampling import mean_of, replicate

SEED = 1988
HOURS = 24
FLEXIBLE = "model.physics.flexibility"
STORE = "model.physics.storage"


# --- demand response ---------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class DemandResponse:
    """Parameters of `demand_response`."""

    peak: float = setting(100.0, "MW", "Load of the day's twelve peak hours.", bounds=(0.001, 1e5))
    off_peak: float = setting(60.0, "MW", "Load of the other twelve hours.", bounds=(0.001, 1e5))
    slope: float = setting(0.5, "EUR/MWh per MW", "Rise b of the stack's marginal cost with load.", bounds=(1e-4, 100))


STACK_STEPS = 200
"""Blocks between off-peak and peak load."""
HIGHEST_PRICE = 9000.0
PEAK_HOURS = slice(8, 20)
LEAST_SPREAD = 0.01
PAIRS_A_DAY = 12


def changes_by_shifting(s: DemandResponse) -> tuple[float, float]:
    """Return what payments and production cost change by for each pair of hours, EUR: the load ends level."""
    spread = s.peak - s.off_peak
    return -s.slope * spread**2 / 2.0, -s.slope * spread**2 / 4.0


def _response_refusal(s: DemandResponse) -> list[Fault]:
    faults = []
    if s.peak - s.off_peak < LEAST_SPREAD * s.peak:
        what = f"peak load {s.peak:g} MW is not above it by more than rounding: there is nothing to move"
        faults.append(Fault("demand_response.off_peak", what, f"at most {1.0 - LEAST_SPREAD:g} of peak"))
    highest = 2.0 * s.slope * s.peak
    if highest > HIGHEST_PRICE:
        what = f"prices up to {highest:g} EUR/MWh would meet the cap, where the stack is no longer linear"
        faults.append(Fault("demand_response.slope", what, f"2 * slope * peak up to {HIGHEST_PRICE:g}"))
    return faults


def _measure_response(s: DemandResponse, _: Bench) -> dict[str, Check]:
    before, after = (_payments_and_cost(s, share) for share in (0.0, 1.0))
    payment, cost = changes_by_shifting(s)
    return {
        "payment_change": Check(found=after[0] - before[0], expected=payment, rel=1e-6),
        "cost_change": Check(found=after[1] - before[1], expected=cost, rel=1e-6),
    }


def _payments_and_cost(s: DemandResponse, share: float) -> tuple[float, float]:
    """Return wholesale payments and production cost by pair of hours, EUR, with `share` of the load flexible."""
    from model.inputs import Balancing, ManufacturerInputs, Market, Period, Process, Retail
    from model.processes import Flexibility

    days = 2
    load = np.full((7, HOURS), s.off_peak)
    load[:, PEAK_HOURS] = s.peak
    town = ManufacturerInputs(
        name="town",
        utility="power",
        retail=Retail(peak_charge=0.0),
        process=Process(kind="shaped", load_table="town", mean_load=float(load.mean()), production_share=0.0),
        flexibility=Flexibility(share=share, comfort_cost=0.0),
    )
    with tempfile.TemporaryDirectory() as folder:
        market = Market(
            closure="endogenous",
            stack_table=_linear_stack(Path(folder), s),
            price_table=zone_file(Path(folder), float(load.mean())),
            price_cap=10_000.0,
        )
        model = model_of(
            Period(start=FIRST_DAY, days=days, burn_in=0),
            SEED,
            0,
            market=market,
            manufacturers=(town,),
            utilities=(utility_of("power"),),
            own_series=(own_load("town", load),),
            balancing=Balancing(rest_sd=0.0),
        )
    model.run_to_end()
    pairs = days * PAIRS_A_DAY
    return model.ledger.paid("power", "wholesale") / pairs, model.ledger.by_kind("generation") / pairs


def _linear_stack(folder: Path, s: DemandResponse) -> str:
    """Write a + bD in blocks that lie evenly around off-peak load, peak load and their mean; a cancels, and is b D0.

    Over half a block on either end the cost of blocks is the trapezoid under the line, so nothing is lost by steps.
    """
    width = (s.peak - s.off_peak) / STACK_STEPS
    middles = s.off_peak + width * np.arange(2 * STACK_STEPS)
    capacities = [s.off_peak + width / 2.0, *np.full(2 * STACK_STEPS - 1, width)]
    return stack_file(folder, capacities, (s.slope * (s.off_peak + middles)).tolist())


# --- storage -----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class StorageSharing:
    """Parameters of `storage_sharing`."""

    price_high: float = setting(0.20, "EUR/MWh", "Price of the hour of need.", bounds=(1e-4, 1000))
    price_low: float = setting(0.08, "EUR/MWh", "Price of all other hours.", bounds=(0, 1000))
    price_storage: float = setting(0.03, "EUR/MWh/day", "Cost of owning capacity.", bounds=(1e-6, 1000))
    n: int = setting(9, "1", "Firms, each with a store or all with one.", bounds=(1, 30))
    mu: float = setting(100.0, "MWh", "Mean need of a firm and day.", bounds=(0.001, 1e5))
    sigma: float = setting(20.0, "MWh", "Sd of that need, independent between firms and days.", bounds=(0.001, 1e5))


LEARNING_DAYS = 1000
FAR_TAIL = 0.02
NEED_HOUR = 18


def best_level(s: StorageSharing) -> float:
    """Return the quantile of need that the best store covers."""
    spread = s.price_high - s.price_low
    return (spread - s.price_storage) / spread


def storage_costs(s: StorageSharing) -> tuple[float, float]:
    """Return the daily cost of all firms, EUR: each with its own store, all with one together."""
    density = float(norm.pdf(norm.ppf(best_level(s))))
    certain = (s.price_low + s.price_storage) * s.mu * s.n
    spread = (s.price_high - s.price_low) * density * s.sigma
    return certain + s.n * spread, certain + math.sqrt(s.n) * spread


def _storage_refusal(s: StorageSharing) -> list[Fault]:
    faults = []
    if s.mu < 5.0 * s.sigma:
        faults.append(Fault("storage_sharing.sigma", "needs would be negative", "at most mu / 5"))
    if s.price_high <= s.price_low or not FAR_TAIL <= best_level(s) <= 1.0 - FAR_TAIL:
        what = f"a store at {s.price_storage:g} covers either next to nothing or a far tail that no record shows"
        allowed = "(high - low - storage) / (high - low) from .02 to .98"
        faults.append(Fault("storage_sharing.price_storage", what, allowed))
    return faults


def _measure_storage(s: StorageSharing, bench: Bench) -> dict[str, Check]:
    days = bench.share(1000, 20)
    learning = bench.share(LEARNING_DAYS, 20)

    def draw(replication: int) -> Floats:
        key = stream_key(SEED, replication, "validation.need")
        needs = [s.mu + s.sigma * normals(key, i, np.arange(learning + days), 1)[:, 0] for i in range(s.n)]
        meters = np.maximum(0.0, np.array([*needs, np.sum(needs, axis=0)]))
        record = _metered(s, meters[:, :learning], np.zeros(s.n + 1), replication)[0]
        stores = [_chosen(s, record[:, m]) for m in range(s.n + 1)]
        drawn, paid = _metered(s, meters[:, learning:], np.array(stores), replication)
        covered = (drawn <= np.array(stores)).mean(axis=1)
        return np.column_stack([paid[:, :-1].sum(axis=1), paid[:, -1], covered])

    def judge(units: Floats) -> dict[str, Check]:
        expected = dict(zip(("separate", "shared"), storage_costs(s), strict=True))
        found, error = zip(*map(mean_of, units.T), strict=True)
        checks = {
            key: Check(found=found[k], expected=value, standard_error=error[k], rel=0.01)
            for k, (key, value) in enumerate(expected.items())
        }
        checks["service_level"] = Check(found=found[2], expected=best_level(s), standard_error=error[2], absolute=0.01)
        return checks

    return replicate(draw, judge, bench)


WARM_UP = 28
"""Days in which the firms learn from public prices when the dear hour is; they are not counted."""


def _chosen(s: StorageSharing, record: Floats) -> float:
    """Return the store that a meter's own record calls for, MWh."""
    from model.physics.storage import best_capacity

    return float(best_capacity(record.mean(), record.std(ddof=1), s.price_high, s.price_low, s.price_storage))


def _metered(s: StorageSharing, needs: Floats, stores: Floats, replication: int) -> tuple[Floats, Floats]:
    """Return each meter's energy, MWh, and cost, EUR, day by day, shape (days, meter).

    Args:
        s: parameters.
        needs: MWh in the dear hour, shape (meter, days); all other hours need nothing.
        stores: capacity behind each meter, MWh.
        replication: number of the random future.
    """
    from model.inputs import ManufacturerInputs, Market, Period, Process, Retail
    from model.processes import Storage

    needs = needs[:, np.arange(-WARM_UP, needs.shape[1]) % needs.shape[1]]  # meters first learn what prices do
    days = needs.shape[1]
    prices = np.full((7, HOURS), s.price_low)
    prices[:, NEED_HOUR] = s.price_high
    loads = np.zeros((needs.shape[0], days, HOURS))
    loads[:, :, NEED_HOUR] = needs
    series = [own_load(f"meter{m}", load) for m, load in enumerate(loads)]
    meters = tuple(
        ManufacturerInputs(
            name=own.name,
            utility="power",
            retail=Retail(peak_charge=0.0, margin=0.0),
            process=Process(
                kind="shaped", load_table=own.name, mean_load=float(own.values.mean()), production_share=0.0
            ),
            storage=Storage(capacity=float(stores[m]), daily_cost=s.price_storage),
        )
        for m, own in enumerate(series)
    )
    model = model_of(
        Period(start=FIRST_DAY, days=days, burn_in=0),
        SEED,
        replication,
        manufacturers=meters,
        utilities=(utility_of("power"),),
        own_series=(own_series("levels", prices), *series),
        market=Market(price_table="levels"),
    )
    energy, paid = np.zeros((2, days, len(meters)))
    before = np.zeros(len(meters))
    for day in range(days):
        model.step()
        energy[day] = model.live.electricity[: len(meters)]
        total = np.array([sum(model.ledger.paid(m.name, kind) for kind in ("energy", "storage")) for m in meters])
        paid[day], before = total - before, total
    return energy[WARM_UP:], paid[WARM_UP:]


CASES = (
    Case(
        name="demand_response",
        title="Flexible load on a linear stack: payments fall twice as much as production cost",
        family="resource",
        level="emergent",
        settings=DemandResponse,
        measure=_measure_response,
        refuse=_response_refusal,
        exercises=lambda _: (
            f"{FLEXIBLE}:hour_loads",
            f"{FLEXIBLE}:supply_curve",
            f"{FLEXIBLE}:match_order",
            f"{FLEXIBLE}:clear_orders",
            f"{FLEXIBLE}:apply_moves",
            "model.shifting:flexible_firms",
            "model.shifting:clear_flexible",
            f"{POWER}:clear_merit_order",
            f"{POWER}:clear_day",
            f"{POWER}:added_generation",
            f"{POWER}:settle",
            "model.ledger:post_lines",
        ),
        source="Schweppe, Caramanis, Tabors & Bohn (1988), Spot Pricing of Electricity; linear stack a + bD, load "
        "moved without loss until prices meet",
    ),
    Case(
        name="storage_sharing",
        title="Storage of each firm against storage owned together",
        family="resource",
        level="emergent",
        settings=StorageSharing,
        measure=_measure_storage,
        refuse=_storage_refusal,
        exercises=lambda _: (
            f"{STORE}:service_level",
            f"{STORE}:best_capacity",
            f"{STORE}:run_store",
            f"{STORE}:run_stores",
            f"{FLEXIBLE}:hour_loads",
            f"{FLEXIBLE}:apply_moves",
            "model.shifting:flexible_firms",
            "model.shifting:shift_loads",
            f"{POWER}:bill",
            "model.physics.production:run_shapes",
            "model.ledger:post_lines",
        ),
        source="Kalathil, Wu, Poolla & Varaiya, The Sharing Economy for the Electricity Grid: a store of the "
        "quantile (p_h - p_l - p_s) / (p_h - p_l), recharged with what was used",
    ),
)
