"""Faults of what a scenario says of its economy: values, units, dates, firms, suppliers, strategies and policies."""

from tests.unit.faults import Expected

ECONOMY: dict[str, list[Expected]] = {
    "baseline_unknown": [
        (3, 13, "goals.baseline: no such strategy: 'nothing'", "known: none, raw, "),
    ],
    "enormous_horizon": [
        (3, 20, "calendar.days: 1e+29 is out of range", "from 1 to 7305 day"),
        (3, 60, "calendar.burn_in: '300 yr' = 109500.0 is out of range", "from 0 to 1825 day"),
        (4, 21, "run.replications: inf is not a whole number", "from 1 to 100000"),
    ],
    "firm_name": [
        (4, 5, "'market' is not a valid firm name", "reserved: market, grid, customers, suppliers"),
        (5, 5, "'a.b' is not a valid firm name", "letters of any script, digits, - and _"),
        (6, 16, "firms.ok.type: 'bank' is not allowed", "one of: manufacturer, healthcare, farm, utility"),
    ],
    "misspelt_change": [
        (5, 7, "unknown key 'proces' in firms.steel", "did you mean process? allowed: count, sector, "),
        (6, 7, "no such firm: 'stele'", "did you mean steel? known: steel, "),
        (7, 7, "unknown key 'balancng.beta'", "did you mean balancing? allowed to start with: calendar, "),
    ],
    "misspelt_key": [(4, 5, "unknown key 'betta' in balancing", "did you mean beta? allowed: rule, beta, rest_sd, ")],
    "misspelt_word": [(4, 11, "balancing.rule: 'dula' is not allowed; did you mean dual?", "one of: single, dual")],
    "nan": [
        (3, 21, "balancing.beta: NaN is not a value", "from 0 to 5 EUR/MWh per MW"),
        (3, 36, "balancing.rest_sd: inf is out of range", "from 0 to 10000 MW"),
    ],
    "negative_horizon": [
        (3, 20, "calendar.days: -365 is out of range", "from 1 to 7305 day"),
        (3, 35, "calendar.burn_in: '-1 day' = -1.0 is out of range", "from 0 to 1825 day"),
    ],
    "no_firms": [(3, 3, "firms names no firm", "at least 1")],
    "not_a_date": [(3, 21, "calendar.start: '2025-02-30' is not a date", "YYYY-MM-DD")],
    "out_of_range": [(4, 11, "balancing.beta: 9 is out of range", "from 0 to 5 EUR/MWh per MW")],
    "out_of_range_after_conversion": [
        (6, 21, "firms.steel.process.regularity: '130 %' = 1.3 is out of range", "from 0 to 1"),
    ],
    "override_misspelt": [
        (4, 5, "unknown key 'carbon_prise' in market", "did you mean carbon_price? allowed: closure, "),
        (5, 21, "balancing.rule: 'triple' is not allowed", "one of: single, dual"),
    ],
    "policy_contradicted": [(7, 7, "balancing.rule is set by policies too", "a strategy cannot undo a policy")],
    "policy_is_no_lever": [
        (3, 3, "market.gas_price is not a lever but of role uncertainty", "policies set levers only"),
    ],
    "strategy_moves_the_calendar": [
        (4, 15, "calendar.days differs between strategies", "strategies are compared over the same days"),
    ],
    "strategy_removes_a_firm": [
        (3, 3, "strategies.raw has other firms than strategies.none", "the same firms take part in every strategy"),
    ],
    "supplier_unknown": [
        (4, 23, "firms.steel.supplier: no such supplier: 'scrapyard'", "known: steel, "),
        (4, 43, "firms.steel.utility: no such utility: 'pwer'", "did you mean power?"),
    ],
    "suppliers_in_a_circle": [
        (4, 23, "firms.steel.supplier: the chain of suppliers runs in a circle", ""),
        (5, 28, "firms.metalworks.supplier: the chain of suppliers runs in a circle", ""),
    ],
    "start_far_away": [(3, 21, "calendar.start: 0001-01-01 is out of range", "from 1900-01-01 to 2199-12-31")],
    "unknown_key": [(4, 5, "unknown key 'weather' in market", "allowed: closure, price_table, ")],
    "unknown_unit": [
        (6, 18, "firms.steel.process.furnace: '48 mw': 'mw' is not a unit; did you mean MW?; "
                "write it in W, kW, MW, GW, TW", "from 0.001 to 10000 MW"),
    ],
    "wrong_type": [
        (4, 11, "calendar.days: 10.5 is not a whole number", "from 1 to 7305 day"),
        (6, 11, "balancing.beta: 'high' is not a number, nor a number with a unit", "from 0 to 5 EUR/MWh per MW"),
        (7, 11, "balancing.rule: 3 is not text", "one of: single, dual"),
        (10, 22, "firms.steel.metered_alone: 'yes' is not true or false", "true or false"),
        (11, 16, "firms.steel.process is not a section", "the keys kind, heat_energy, "),
        (13, 15, "firms.steel.demand.mean is a list", "from 0 to 1e+09 unit/day"),
        (14, 20, "firms.steel.demand.variation is a section", "from 0 to 5"),
        (15, 9, "firms.steel.demand.season has no value", "from 0 to 1"),
        (17, 13, "evaluate.outcomes is not a list", "a list such as [a, b], each one of: real_cost, "),
    ],
    "wrong_unit": [
        (6, 18, "firms.steel.process.furnace: '48 MWh': MWh cannot be converted to MW; write it in W, kW, MW, GW, TW",
         "from 0.001 to 10000 MW"),
    ],
}  # fmt: skip
