"""Validation of pooling: urgent jobs at servers alone and together, and stock of each firm against one in the middle.

Oracles: Erlang (1917), lost and delayed calls; Eppen (1979), Management Science 25(5), 498-501. They share no code with
the engine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import norm, poisson

from model.errors import Fault
from model.streams import Floats
from model.validation.case import Bench, Case, Check, setting
from model.validation.engine import model_of
from model.validation.sampling import ratio_of, replicate

if TYPE_CHECKING:
    from model.model import CollaborationModel

SEED = 1917
PHYSICS = "model.physics.stations"
DEMAND = "model.physics.demand"
WAITING = ("release_until", "link_to_server", "serve_day")
"""What serves those who wait."""


# --- equipment ---------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class EquipmentPooling:
    """Parameters of `equipment_pooling`."""

    machines: int = setting(10, "1", "Machines of each group.", bounds=(1, 200))
    load: float = setting(8.0, "1", "Machines that a group's jobs would keep busy.", bounds=(0.01, 400))
    groups: int = setting(2, "1", "Groups, each alone or all with each other's machines.", bounds=(1, 20))
    discipline: str = setting(
        "loss", "", "Whether a job that finds all machines busy is lost or waits.", choices=("loss", "queue")
    )


JOBS_A_DAY = 500.0
"""Jobs of a group a day: the more there are, the more a simulated day tells."""
STATIONS = 40
"""Groups in one model, in pools that are independent of each other."""
BUSIEST = 0.95
PRECISION = 0.02
SMALLEST = 5e-4
"""Tolerances of a probability: relative, and absolute where it is tiny."""


def lost_share(machines: int, load: float) -> float:
    """Return the share of jobs that find all machines busy and are lost: Erlang's recursion."""
    blocked = 1.0
    for n in range(1, machines + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def delayed_share(machines: int, load: float) -> float:
    """Return the share of jobs that wait if none is lost: Erlang's sum over the states of a queue, load < machines."""
    full = poisson.pmf(machines, load) * machines / (machines - load)
    return float(full / (poisson.cdf(machines - 1, load) + full))


def _equipment_refusal(s: EquipmentPooling) -> list[Fault]:
    if s.discipline == "queue" and s.load > BUSIEST * s.machines:
        what = f"{s.load / s.machines:.3g} of the machines are busy: the queue never settles, or not within a sample"
        return [Fault("equipment_pooling.load", what, f"at most {BUSIEST:g} of machines, or discipline loss")]
    return []


def _measure_equipment(s: EquipmentPooling, bench: Bench) -> dict[str, Check]:
    share = lost_share if s.discipline == "loss" else delayed_share
    expected = share(s.machines, s.load), share(s.groups * s.machines, s.groups * s.load)

    def draw(replication: int) -> Floats:
        return np.column_stack([_jobs_and_busy(s, bench, replication, pooled) for pooled in (False, True)])

    def judge(units: Floats) -> dict[str, Check]:
        checks = {}
        for k, key in enumerate(("separate", "pooled")):
            found, error = ratio_of(units[:, 2 * k + 1], units[:, 2 * k])
            allowed = max(PRECISION * expected[k], SMALLEST)
            checks[key] = Check(found=found, expected=expected[k], standard_error=error, absolute=allowed)
        return checks

    return replicate(draw, judge, bench)


def _jobs_and_busy(s: EquipmentPooling, bench: Bench, replication: int, pooled: bool) -> Floats:
    """Return by pool how many jobs came, and how many of them found no machine, shape (pool, 2)."""
    from model.physics.stations import BLOCKED, DELAYED, JOBS

    model = _workshops(s, bench, replication, pooled)
    model.run_to_end()
    total = model.stations.total.reshape(-1, s.groups, model.stations.total.shape[1]).sum(axis=1)
    return np.column_stack([total[:, JOBS], total[:, BLOCKED if s.discipline == "loss" else DELAYED]])


def _workshops(s: EquipmentPooling, bench: Bench, replication: int, pooled: bool) -> CollaborationModel:
    """Return pools of groups of machines, side by side; their jobs are the same with and without contracts."""
    from model.endowments import Station
    from model.inputs import Demand, ManufacturerInputs, Period, Process, ResourceContract, ResourcePlatformInputs

    hours = max(0.01, 24.0 * s.load / JOBS_A_DAY)
    station = Station(servers=s.machines, arrivals=24.0 * s.load / hours, duration=hours, discipline=s.discipline)
    pools = max(bench.share(STATIONS, 6) // s.groups, 3)
    firms = [
        ManufacturerInputs(
            name=f"group{pool}-{g}",
            process=Process(kind="none"),
            demand=Demand(mean=1.0, variation=0.0),
            station=station,
        )
        for pool in range(pools)
        for g in range(s.groups)
    ]
    contracts = [
        ResourceContract(
            name=f"pool{pool}",
            platform="desk",
            resource="station",
            members=tuple(f"group{pool}-{g}" for g in range(s.groups)),
            coordination_cost=0.0,
        )
        for pool in range(pools if pooled and s.groups > 1 else 0)
    ]
    desk = ResourcePlatformInputs(name="desk", hub_cost=0.0, member_cost=0.0, outage_rate=0.0)
    return model_of(
        Period(days=bench.share(150, 2), burn_in=_settling_days(s, hours)),
        SEED,
        replication,
        manufacturers=tuple(firms),
        resource_platforms=(desk,),
        resource_contracts=tuple(contracts),
    )


def _settling_days(s: EquipmentPooling, hours: float) -> int:
    """Return days until stations that begin empty have forgotten it: 20 relaxation times, of a queue at most 3000 jobs.

    A queue's relaxation time is that of its service over (sqrt(machines) - sqrt(load))^2 (Morse 1958).
    """
    gap = math.sqrt(s.machines) - math.sqrt(s.load)
    relaxation = hours if s.discipline == "loss" else hours / min(1.0, gap * gap)
    return math.ceil(20.0 * relaxation / 24.0)


# --- stock -------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class InventoryPooling:
    """Parameters of `inventory_pooling`."""

    n: int = setting(4, "1", "Shops.", bounds=(1, 50))
    rho: float = setting(0.0, "1", "Correlation between any two shops' demands.", bounds=(-1, 1))
    h: float = setting(1.0, "EUR/unit/day", "Cost of holding a unit for a day.", bounds=(0.001, 1e6))
    b: float = setting(9.0, "EUR/unit/day", "Cost of a unit's backlog for a day.", bounds=(0.001, 1e6))
    sigma: float = setting(20.0, "unit", "Sd of a shop's daily demand.", bounds=(0.001, 1e6))


SHOPS = 60
"""Shops in one model, in pools that have only the common factor of demand in common."""
BLOCK = 25
"""Days of one observation: stock after each day is new, but firms learn slowly how far they err."""
LEARNING_DAYS = 1500
"""Burn-in: a firm knows its errors of about 200 days."""

SMOOTHING = 0.001
"""Weight of the newest demand in the level that firms with a stock expect: next to none, for it never moves."""


def cost_ratio(s: InventoryPooling) -> float:
    """Return the cost of one stock for all over that of a stock of each: sqrt((1 + (n - 1) rho) / n) (Eppen 1979)."""
    return math.sqrt((1.0 + (s.n - 1) * s.rho) / s.n)


def _inventory_refusal(s: InventoryPooling) -> list[Fault]:
    faults = []
    if s.n > 1 and s.rho < -1.0 / (s.n - 1):
        what = f"no {s.n} demands can be that negatively correlated with each other: their sum would vary less than 0"
        faults.append(Fault("inventory_pooling.rho", what, f"at least {-1.0 / (s.n - 1):.4g} for {s.n} shops"))
    elif s.rho < 0.0:
        what = (
            "the engine's demands share one common factor with the same sign, which cannot set them against each other"
        )
        faults.append(Fault("inventory_pooling.rho", what, "0 to 1"))
    ratio = s.b / (s.b + s.h)
    if not 0.5 <= ratio <= 0.99:  # noqa: PLR2004 - see the reason below
        what = f"b / (b + h) is {ratio:.4g}: the firm holds no negative safety stock, and a far tail is never sampled"
        faults.append(Fault("inventory_pooling.b", what, "ratio from 0.5 to 0.99"))
    return faults


def _measure_inventory(s: InventoryPooling, bench: Bench) -> dict[str, Check]:
    def draw(replication: int) -> Floats:
        return np.column_stack([_stock_costs(s, bench, replication, central) for central in (False, True)])

    def judge(units: Floats) -> dict[str, Check]:
        found, error = ratio_of(units[:, 1], units[:, 0])
        return {"cost_ratio": Check(found=found, expected=cost_ratio(s), standard_error=error, rel=0.01)}

    return replicate(draw, judge, bench)


def _stock_costs(s: InventoryPooling, bench: Bench, replication: int, central: bool) -> Floats:
    """Return what all stock and backlog cost in each block of days, EUR, shape (blocks,).

    Separate, every shop keeps a stock against its own demand. Pooled, shops only take orders - nothing of theirs costs
    or protects - and pass them on the same day, so that a warehouse in the middle meets the sum of the very same
    demands from one stock. What is said of all this in money is read off the ledger.
    """
    from model.inputs import Period

    blocks, warm_up = bench.share(140, 6), bench.share(LEARNING_DAYS, 200)
    model = model_of(
        Period(days=BLOCK * blocks, burn_in=warm_up),
        SEED,
        replication,
        manufacturers=_shops(s, max(1, bench.share(SHOPS, 4) // s.n), central),
    )
    model.run_for(warm_up)
    paid = np.zeros(blocks + 1)
    for block in range(blocks):
        model.run_for(BLOCK)
        paid[block + 1] = model.ledger.by_kind("stock")
    return np.diff(paid)


def _shops(s: InventoryPooling, pools: int, central: bool) -> tuple[Any, ...]:
    """Return groups of n shops, with a warehouse for each group if `central`.

    A warehouse begins with the error of a single shop, and learns from its own orders how far it really errs.
    """
    from model.inputs import Demand, ManufacturerInputs, Ordering, Process

    z = float(norm.ppf(s.b / (s.b + s.h)))
    smooth: dict[str, Any] = {"policy": "exponential", "smoothing": SMOOTHING}
    stock = {**smooth, "holding_cost": s.h, "backlog_cost": s.b, "safety_factor": z}
    none: dict[str, Any] = {"policy": "filtered", "holding_cost": 0.0, "backlog_cost": 0.0, "safety_factor": 0.0}
    firms = []
    for pool in range(pools):
        for name, count, supplier, costs in (
            (f"shop{pool}", s.n, f"warehouse{pool}" if central else "", none if central else stock),
            (f"warehouse{pool}", 1, "", stock),
        )[: 2 if central else 1]:
            size = s.n if supplier == "" and central else 1
            demand = Demand(
                mean=10.0 * s.sigma * size,
                variation=0.1 / size,
                autocorrelation=0.0,
                season=0.0,
                common_share=s.rho,
            )
            ordering = Ordering(negative_orders=True, lead_time=1, **costs)
            firms.append(
                ManufacturerInputs(
                    name=name,
                    count=count,
                    supplier=supplier,
                    process=Process(kind="none"),
                    demand=demand,
                    ordering=ordering,
                )
            )
    return tuple(firms)


CASES = (
    Case(
        name="equipment_pooling",
        title="Urgent jobs that find no machine, in groups alone and with each other's machines",
        family="resource",
        level="emergent",
        settings=EquipmentPooling,
        measure=_measure_equipment,
        refuse=_equipment_refusal,
        exercises=lambda s: (
            f"{PHYSICS}:draw_jobs",
            f"{PHYSICS}:pool_jobs",
            f"{PHYSICS}:find_server",
            f"{PHYSICS}:begin_job",
            *(f"{PHYSICS}:{name}" for name in WAITING if s.discipline == "queue"),
            *("model.stations:_links" for _ in range(1) if s.groups > 1),
        ),
        source="Erlang (1917), Solution of some Problems in the Theory of Probabilities of Significance in Automatic "
        "Telephone Exchanges: formulas B and C",
    ),
    Case(
        name="inventory_pooling",
        title="Cost of one stock for all shops over that of a stock in each",
        family="resource",
        level="emergent",
        settings=InventoryPooling,
        measure=_measure_inventory,
        refuse=_inventory_refusal,
        exercises=lambda _: (
            *(f"{DEMAND}:{name}" for name in ("draw_demand", "final_demand", "open_orders", "serve", "replenish")),
            f"{DEMAND}:lead_time_forecast",
            f"{DEMAND}:order_up_to",
            "model.accounts:book_firms",
            "model.ledger:post_lines",
        ),
        source="Eppen (1979), Effects of Centralization on Expected Costs in a Multi-Location Newsboy Problem, "
        "Management Science 25(5)",
    ),
)
