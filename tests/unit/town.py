"""A town in a day: what the tests of heat and by-products share."""

from typing import Any

import numpy as np

from model.endowments import ByProduct, Heat, Site
from model.flows import Flows
from model.inputs import (
    Demand,
    ManufacturerInputs,
    Market,
    ModelInputs,
    Period,
    Process,
    ResourceContract,
    UtilityInputs,
)
from model.mechanisms.resource import mechanism_named
from model.model import CollaborationModel
from model.session import Draws
from model.validation.engine import flat_price, own_load

MARKET = Market(price_table="flat", gas_price=30.0, carbon_price=100.0)
FUEL = 30.0 + 100.0 * 0.202
"""EUR per MWh of gas, its carbon included."""


def firm(name: str, x: float = 0.0, *, power: float = 0.0, count: int = 1, **parts: Any) -> ManufacturerInputs:
    """Return a firm at `x` km that sells 10 units a day, steadily, and draws `power` MW all the time."""
    process = Process(kind="none")
    if power:
        process = Process(kind="shaped", load_table="even", mean_load=power, production_share=0.0)
    return ManufacturerInputs(
        name=name, count=count, utility="power" if power else "", process=process, site=Site(x=x),
        demand=Demand(mean=10.0, variation=0.0, season=0.0, common_share=0.0), **parts,
    )  # fmt: skip


def stage_of(*firms: ManufacturerInputs, start: str = "2025-01-01", **utility: Any) -> CollaborationModel:
    """Return a model of the firms and one utility, for three days."""
    return CollaborationModel(
        ModelInputs(
            calendar=Period(start=start, days=3, burn_in=0),
            market=MARKET,
            manufacturers=firms,
            utilities=(UtilityInputs(name="power", **utility),),
            own_series=(flat_price(), own_load("even", np.ones((7, 24)))),
        )
    )


class Town:
    """Flows of a model under contracts, moved day by day beside it."""

    def __init__(self, model: CollaborationModel, *contracts: ResourceContract, plants: Any = None) -> None:
        self.model, stage = model, model.stage
        self.flows = Flows(stage, model.goods, plants or model.flows.heat.plants)
        self.shared = []
        for terms in contracts:
            people = stage.population
            rows = np.concatenate([np.flatnonzero(people.party == people.parties.index(m)) for m in terms.members])
            session = self.flows.session(terms, rows)
            draws = Draws(stage.key, np.arange(rows.size))
            self.shared.append((terms, session, mechanism_named(terms.variant)(terms, session, draws)))

    def live(self, days: int = 1) -> dict[tuple[str, str], float]:
        """Live through some days; return EUR paid on the last one by (payer, kind)."""
        flows = self.flows
        for _ in range(days):
            self.model.step()
            day = self.model.day
            flows.survey(day)
            for terms, session, mechanism in self.shared:
                flows.fill(terms, session, day)
                mechanism.clear(day, session)
                assert not session.faults()
                flows.take(terms, session, day)
            flows.use(day)
            flows.check(self.model.ledger, day)
            flows.count()
        lines = zip(flows.book.lines, flows.book.today.tolist(), strict=True)
        return {(payer, kind): eur for (payer, _, kind), eur in lines}


def contract(*members: str, resource: str = "heat", **terms: Any) -> ResourceContract:
    return ResourceContract(
        name="sharing", platform="hub", members=members, resource=resource,
        **{"variant": "allocation", "distance_cost": 0.0, **terms},
    )  # fmt: skip


def forge_and_rooms(km: float = 2.0, **heat: Any) -> CollaborationModel:
    """A forge that draws 20 MW and could give 4 MW of heat at 120 degC, and rooms `km` away that need 3 MW at 90."""
    forge = firm("forge", power=20.0, heat=Heat(waste_share=0.2, waste_level=120.0, recovery_cost=4.0))
    return stage_of(forge, firm("rooms", km, heat=Heat(**{"space": 3.0, "season": 0.0, "level": 90.0, **heat})))


class Plants:
    """Blocks that run as told."""

    def __init__(self, output_mw: np.ndarray) -> None:
        self.output_mw = output_mw


def steel(x: float = 0.0, **terms: Any) -> ManufacturerInputs:
    return firm("steel", x, by_product=ByProduct(**{"makes": "slag", "rate": 0.3, "disposal_cost": 20.0, **terms}))


def road(x: float = 0.0, **terms: Any) -> ManufacturerInputs:
    values = {"takes": "slag", "need": 0.2, "price": 40.0, "preparation": 5.0, **terms}
    return firm("road", x, by_product=ByProduct(**values))


BY_PRODUCT = contract("steel", "road", resource="by_product")
