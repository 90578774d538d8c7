"""By-products: what one disposes of and another buys, and what a partner saves."""

from dataclasses import replace

import pytest

from model.endowments import ByProduct
from model.errors import InputError
from tests.unit.town import BY_PRODUCT, Town, contract, firm, road, stage_of, steel


def test_without_partners_all_is_bought_and_disposed_of() -> None:
    """10 units a day leave 3 t and take 2 t."""
    paid = Town(stage_of(steel(), road())).live(2)
    assert paid["steel", "disposal"] == pytest.approx(3.0 * 20.0)
    assert paid["road", "material"] == pytest.approx(2.0 * 40.0)


@pytest.mark.parametrize("variant", ["allocation", "pooling"])
def test_a_partner_saves_disposal_and_purchase_less_preparation(variant: str) -> None:
    town = Town(stage_of(steel(), road()), replace(BY_PRODUCT, variant=variant))
    paid = town.live(2)
    assert paid["steel", "disposal"] == pytest.approx(1.0 * 20.0)
    assert paid["road", "material"] == pytest.approx(2.0 * 5.0)
    assert town.shared[0][1].surplus == pytest.approx(2.0 * (40.0 - 5.0 + 20.0))
    told = town.flows.outcomes(10.0)
    assert told["by_product_used", "road"] == pytest.approx(10.0 * 2 * 2.0)
    assert told["by_product_disposed", "steel"] == pytest.approx(10.0 * 2 * 1.0)


def test_what_a_dealer_pays_is_lost_to_a_partner() -> None:
    """A dealer pays 36 EUR/t: more than the 35 that the partner saves; at 30 the partner gains 5 a tonne."""
    paid = Town(stage_of(steel(disposal_cost=-36.0), road()), BY_PRODUCT).live(2)
    assert paid["steel", "disposal"] == pytest.approx(-36.0 * 3.0)
    assert paid["road", "material"] == pytest.approx(40.0 * 2.0)
    town = Town(stage_of(steel(disposal_cost=-30.0), road()), BY_PRODUCT)
    paid = town.live(2)
    assert paid["steel", "disposal"] + paid["road", "material"] == pytest.approx(-30.0 * 3.0 + 80.0 - 5.0 * 2.0)


def test_what_costs_more_to_prepare_than_to_buy_is_not_asked_for() -> None:
    town = Town(stage_of(steel(), road(preparation=41.0)), BY_PRODUCT)
    town.live(2)
    assert town.flows.outcomes(1.0)["by_product_used", "road"] == 0.0
    assert not town.shared[0][1].need.any()


def test_other_materials_and_far_partners_do_not_fit() -> None:
    for partner in (road(takes="gypsum"), road(26.0)):
        town = Town(stage_of(steel(), partner), BY_PRODUCT)
        town.live(2)
        assert town.flows.outcomes(1.0)["by_product_used", "road"] == 0.0


def test_a_pool_is_of_one_material() -> None:
    sugar = firm("sugar", by_product=ByProduct(makes="pulp", rate=1.0))
    farm = firm("farm", by_product=ByProduct(takes="pulp", need=1.0))
    model = stage_of(steel(), road(), sugar, farm)
    terms = contract("steel", "road", "sugar", "farm", resource="by_product", variant="pooling")
    with pytest.raises(InputError, match="a pool is of one material, and its members share pulp, slag"):
        Town(model, terms)
    Town(model, replace(terms, variant="allocation")).live()


def test_offering_less_shares_less() -> None:
    town = Town(stage_of(steel(), road()), replace(BY_PRODUCT, offered=0.5))
    town.live(2)
    assert town.flows.outcomes(0.5)["by_product_used", "road"] == pytest.approx(1.5)
