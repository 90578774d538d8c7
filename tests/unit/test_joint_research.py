"""Research together: efforts, costs, prices and demand of rivals, strangers and a monopolist."""

import numpy as np
import pytest

from model.errors import InputError, RunError
from tests.unit.school import RIVAL, contract, firm, live, technology


def duopoly_effort(beta: float, joint: bool) -> tuple[float, float]:
    """Return usual and joint or own effort of two rivals by d'Aspremont & Jacquemin, D that of the declared state."""
    k = (2.0 - beta) / 3.0
    usual = 0.03 * 600.0 / k
    gamma = 2.0 * 100.0 * k**2 / (0.03 * 600.0)
    room = 3.0 * 2.0 * 100.0 - (1.0 + beta) * usual
    gain = 1.0 + beta if joint else 2.0 - beta
    return usual, gain * room / (4.5 * 2.0 * gamma - gain * (1.0 + beta))


@pytest.mark.parametrize(("beta", "harms"), [(0.2, True), (0.8, False)])
def test_cooperation_of_rivals_harms_consumers_below_half(beta: float, harms: bool) -> None:
    firms = [firm(name, **(RIVAL | {"spillover": beta, "review": 1.0})) for name in "ab"]
    tech = live(technology(firms, contract("cooperation", "a", "b")))
    usual, effort = duopoly_effort(beta, joint=True)
    assert duopoly_effort(beta, joint=False)[1] == pytest.approx(usual)
    assert tech.rivalry.effort == pytest.approx(np.full(2, effort))
    assert (effort < usual) == harms
    dearer = (1.0 + beta) * (usual - effort)
    assert tech.goods.prices[:, 1] == pytest.approx(np.full(2, 400.0 + dearer))
    # Cournot: the price takes 2/3 of it, output falls by a third of it over the slope
    assert tech.goods.prices[:, 0] == pytest.approx(np.full(2, 600.0 + 2.0 * dearer / 3.0))
    demand = 100.0 - dearer / 3.0 / 2.0
    assert tech.stage.live.demand_mean[:2] == pytest.approx(np.full(2, demand))
    assert tech.goods.stock.filter_mean == pytest.approx(np.full(2, demand))
    surplus = ((2.0 * demand) ** 2 - 200.0**2) * 2.0 / 2.0  # half the slope times output squared
    assert tech.rivalry.consumers_gain(tech.price_change, tech.demand_change) == pytest.approx(surplus)
    assert (tech.outcomes(1.0)["consumers_gain", ""] < 0.0) == harms
    difficulty = tech.rivalry.market.difficulty[0]
    assert tech.book.today[:2] == pytest.approx(np.full(2, difficulty * effort**2 / 2.0))


def test_results_arrive_by_and_by() -> None:
    firms = [firm(name, **RIVAL, review=0.25) for name in "ab"]
    tech = live(technology(firms, contract("cooperation", "a", "b")), 100)
    assert tech.rivalry.reduction == pytest.approx((1.0 - 0.75**2) * tech.rivalry.target)


def test_strangers_gain_what_partners_pass_on() -> None:
    """Price takers: effort maximises own and weighted partners' savings, gamma x = q + w s q."""
    firms = [firm(name, research_share=0.02, review=1.0, spillover=0.9) for name in "ab"]
    tech = live(technology(firms, contract("cooperation", "a", "b", joint_spillover=0.5)))
    usual = 2.0 * 0.02 * 600.0
    assert tech.rivalry.effort == pytest.approx(np.full(2, 1.5 * usual))
    assert tech.cost_change == pytest.approx(np.full(2, -(1.5 * 1.5 - 1.0) * usual))
    assert tech.goods.prices[:, 0].tolist() == [600.0, 600.0]
    assert tech.stage.live.demand_mean[:2].tolist() == [100.0, 100.0]


def test_a_monopolist_passes_half_of_its_saving_on() -> None:
    firms = [firm("a", **(RIVAL | {"product_market": "own"})), firm("b", research_share=0.05)]
    tech = live(technology(firms, contract("cooperation", "a", "b", joint_spillover=0.3)))
    assert tech.cost_change[0] < -1.0
    assert tech.price_change == pytest.approx([tech.cost_change[0] / 2.0, 0.0])
    assert tech.demand_change == pytest.approx([-tech.cost_change[0] / 2.0 / 2.0, 0.0])


def test_an_open_pool_lowers_research_and_may_lower_cost() -> None:
    firms = [firm(name, **RIVAL, review=1.0, learning_rate=0.2, absorption=0.5) for name in "ab"]
    tech = live(technology(firms, contract("sharing", "a", "b")))
    assert np.all(tech.rivalry.effort < 0.8 * tech.rivalry.usual_effort)  # members see each other's results anyway
    share = tech.rivalry.spending[0] / 60_000.0
    beta = share / (share + 0.01)
    gamma, usual = tech.rivalry.market.difficulty[0], tech.rivalry.usual_effort[0]
    room = 600.0 - 1.2 * usual
    assert tech.rivalry.effort[0] == pytest.approx(
        (2.0 - beta) * room / (9.0 * gamma - (2.0 - beta) * (1.0 + beta)), rel=1e-3
    )
    assert np.all(tech.cost_change < -1.0)


def test_a_contract_under_which_research_always_pays_is_refused() -> None:
    """Three rivals with a margin of 40 EUR and research of 30: with partners' profits more of it pays for ever."""
    rules = {"research_share": 0.05, "product_market": "steel", "price_slope": 0.4, "spillover": 1.0}
    firms = [firm(name, **rules) for name in "abc"]
    technology(firms)
    with pytest.raises(InputError, match="firms.a.technology.research_share: more research would always pay"):
        technology(firms, contract("cooperation", "a", "b", "c"))


def test_a_contract_that_would_save_more_than_there_is_is_refused() -> None:
    """Price takers: each of n does (1 + (n - 1)/2) times its 12 EUR, and gets that much of it: 12 * 12.5^2 less 12."""
    firms = [firm("crowd", count=24, research_share=0.01)]
    with pytest.raises(InputError, match="firms.crowd.technology: joint research would lower the unit cost by 1863"):
        technology(firms, contract("cooperation", "crowd", joint_spillover=0.5))


def test_efforts_that_never_settle_stop_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model.rivalry.ROUNDS", 2)
    with pytest.raises(RunError, match="a smaller damping"):
        technology([firm(name, **RIVAL) for name in "ab"], contract("cooperation", "a", "b", damping=0.1))
