"""Faults of what a scenario wants evaluated: break-evens, rankings of influence and waterfalls."""

from tests.unit.faults import Expected

EVALUATION: dict[str, list[Expected]] = {
    "break_even_descends": [(4, 13, "evaluate.break_even.values is no sweep", "two or more ascending values")],
    "break_even_of_a_word": [
        (4, 16, "evaluate.break_even.parameter: 'balancing.rule' is not a number", "a parameter with a unit"),
    ],
    "break_even_of_one_strategy": [
        (4, 16, "evaluate.break_even.parameter: strategy none has no parameter 'contracts.plan.fee'",
         "must have it, the baseline need not; it is in: raw, "),
    ],
    "break_even_list": [
        (4, 7, "key 'values' is missing in evaluate.break_even.0", "ascending, at least two"),
        (4, 30, "evaluate.break_even.0.parameter: no such parameter: 'contracts.plan.fe'", "did you mean contracts."),
        (6, 20, "key 'to' is missing in evaluate.break_even.1.values", ""),
        (6, 20, "key 'points' is missing in evaluate.break_even.1.values", ""),
        (6, 40, "unknown key 'too' in evaluate.break_even.1.values", "did you mean to? allowed: from, to, points"),
        (7, 48, "evaluate.break_even.2.values is no sweep", "allowed with spacing log: values above 0"),
        (8, 47, "evaluate.break_even.3.spacing: 'lg' is not allowed; did you mean log?", "one of: linear, log"),
    ],
    "break_even_impossible": [
        (4, 67, "evaluate.break_even.0.values: 5 is impossible in strategy raw: contracts.plan.resolution: "
         "5 h does not divide the day", ""),
    ],
    "break_even_twice": [
        (5, 7, "evaluate.break_even: two are called 'balancing.beta'", "give each a `name` of its own"),
    ],
    "break_even_party": [(5, 14, "evaluate.break_even.parties: real_cost is one value for all parties", "")],
    "break_even_parameter": [
        (4, 16, "evaluate.break_even.parameter: no such parameter: 'balancing.betta'", "did you mean balancing.beta?"),
    ],
    "break_even_unknown": [
        (3, 14, "evaluate.outcomes: 'real_costs' is not allowed; did you mean real_cost?", "one of: real_cost, "),
        (4, 20, "evaluate.parties.1: no such party: 'pwer'", "did you mean power? known: steel, "),
        (6, 16, "evaluate.break_even.parameter: no such parameter: 'balancing.betta'", "did you mean balancing.beta?"),
        (7, 15, "evaluate.break_even.strategy: no such strategy: 'rae'", "did you mean raw? known: none, raw, "),
    ],
    "break_even_without_party": [
        (11, 3, "evaluate.break_even.parties is missing: party_cost has one value per party", "known: works, market, "),
    ],
    "break_even_values": [
        (4, 24, "evaluate.break_even.values: 9 is out of range", "from 0 to 5 EUR/MWh per MW"),
        (4, 27, "evaluate.break_even.values: '5 MW': MW cannot be converted to EUR/MWh per MW", "from 0 to 5"),
    ],
    "influence": [
        (4, 7, "key 'outcome' is missing in evaluate.influence.0", "Name of an outcome"),
        (4, 17, "evaluate.influence.0.strategy: no such strategy: 'rwa'", "did you mean raw? known: none, "),
        (6, 9, "evaluate.influence.0.parameters.balancing.betta: no such parameter: 'balancing.betta'",
         "did you mean balancing.beta?"),
        (7, 25, "evaluate.influence.0.parameters.balancing.beta is no range", "[low, high] with low below high"),
        (8, 28, "evaluate.influence.0.parameters.balancing.rest_sd is no range", "[low, high], each number from 0 to"),
        (9, 43, "evaluate.influence.0.parameters.firms.steel.process.furnace: '5 kg': kg cannot be converted to MW; "
         "write it in W, kW, MW, GW, TW", "number from 0.001 to 10000 MW"),
        (10, 9, "evaluate.influence.0.parameters.balancing.rule: 'balancing.rule' is not a number", "with a unit"),
    ],
    "waterfall": [
        (4, 7, "evaluate.waterfall.0 names no stages", "either `contract` or `switches`"),
        (5, 70, "evaluate.waterfall.1.contract: no such contract of raw: 'plam'", "did you mean plan? known: plan"),
        (7, 18, "evaluate.waterfall.2.outcomes: 'real_cots' is not allowed; did you mean real_cost?", "one of: "),
        (9, 44, "evaluate.waterfall.2.switches.hours.contracts.plan.resolution: '24 MW': MW cannot be converted to h; "
         "write it in s, min, h, day, week, month, yr", "whole number from 1 to 24 h"),
        (10, 9, "evaluate.waterfall.2.switches.fee does not say what switches it off", "contracts.plan.fee: 0 EUR/yr"),
    ],
}  # fmt: skip
