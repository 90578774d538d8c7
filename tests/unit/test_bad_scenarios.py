"""Faulty scenario files, one per mistake: what is said about each, and that nothing else happens.

Every file of the folder `faulty` has an entry here: for each fault its line and column, the whole
sentence, and a part of what is said about what is allowed.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analysis.cli import main
from model.errors import InputError
from scenarios.spec import load_study
from scenarios.yaml_source import MAX_BYTES

FAULTY = Path(__file__).parent / "faulty"
STEPS = "title, description, extends, goals, platforms, strategies, policies, run, evaluate, overrides"
type Expected = tuple[int, int, str, str]

EXPECTED: dict[str, list[Expected]] = {
    "a_list": [(1, 1, "the file is not a scenario", STEPS)],
    "alias_bomb": [(5, 12, "more than 20,000 values, aliases expanded", "")],
    "alias_for_a_file": [
        (1, 1, "no anchor &scenario before this alias", ""),
        (1, 1, "the file is not a scenario", STEPS),
    ],
    "alias_of_itself": [(3, 11, "no anchor &p before this alias", "")],
    "bad_data_file": [
        (6, 21, "firms.metalworks.process.load_table: meter.csv:1: column 'load' names no unit", "kwh"),
    ],
    "bad_yaml": [
        (3, 1, "not YAML: while parsing a flow mapping that starts in line 2, expected ',' or '}', "
               "but got '<stream end>'", "a bracket or a quote is not closed"),
    ],
    "baseline_unknown": [
        (3, 13, "goals.baseline: no such strategy: 'nothing'", "known: none, raw, "),
    ],
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
    "circular": [
        (1, 10, "extends runs in a circle: circular.yaml -> circular_back.yaml -> circular.yaml", ""),
    ],
    "circular_back": [
        (1, 10, "extends runs in a circle: circular_back.yaml -> circular.yaml -> circular_back.yaml", ""),
    ],
    "colon_in_text": [
        (2, 15, "not YAML: mapping values are not allowed here", "text that holds a colon and a space needs quotes"),
    ],
    "contract_with_stranger": [
        (6, 19, "contracts.plan.provider: no such manufacturer: 'stele'", "did you mean steel?"),
        (7, 18, "contracts.plan.partner: no such utility: 'pover'", "did you mean power?"),
    ],
    "contract_without_plan": [
        (6, 19, "contracts.plan.asset: metalworks has no production plan of its own to share",
         "needs process.kind batch and metered_alone true"),
    ],
    "contract_without_supply": [
        (9, 18, "contracts.plan.mode: otherpower does not supply steel", "a supplier and its customer"),
    ],
    "data_absolute": [
        (4, 18, "market.price_table: '/etc/prices.csv' leads out of the scenario's folder", "in the same folder"),
    ],
    "data_outside": [
        (4, 18, "market.price_table: '../../../prices.csv' leads out of the scenario's folder", "in the same folder"),
    ],
    "duplicate_key": [(6, 5, "key 'beta' appears twice", "first in line 4")],
    "empty": [(1, 1, "the file is empty", "see tandem new")],
    "enormous_horizon": [
        (3, 20, "calendar.days: 1e+29 is out of range", "from 1 to 7305 day"),
        (3, 60, "calendar.burn_in: '300 yr' = 109500.0 is out of range", "from 0 to 1825 day"),
        (4, 21, "run.replications: inf is not a whole number", "from 1 to 100000"),
    ],
    "extends_itself": [(1, 10, "extends runs in a circle: extends_itself.yaml -> extends_itself.yaml", "")],
    "extends_not_text": [(1, 10, "extends is not text", "a library name, or a .yaml file beside this one")],
    "extends_outside": [
        (1, 10, "'../../../scenarios/library/steel-and-power.yaml' leads out of the scenario's folder",
         "a file in the same folder"),
    ],
    "firm_name": [
        (4, 5, "'market' is not a valid firm name", "reserved: market, grid, customers, suppliers"),
        (5, 5, "'a.b' is not a valid firm name", "letters of any script, digits, - and _"),
        (6, 16, "firms.ok.type: 'bank' is not allowed", "one of: manufacturer, utility"),
    ],
    "missing_data_file": [
        (6, 21, "firms.metalworks.process.load_table: no such file: 'metre.csv'", "did you mean meter.csv?"),
    ],
    "missing_extends": [
        (1, 10, "no such scenario to extend: 'steel-and-powr'", "did you mean steel-and-power?"),
        (2, 1, "unknown key 'colour'", f"allowed: {STEPS}"),
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
    "missing_key": [
        (1, 1, "key 'question' is missing in goals", "The question that the study answers."),
        (4, 5, "key 'type' is missing in firms.power", "one of: manufacturer, utility"),
        (6, 3, "key 'title' is missing in strategies.none", "The strategy in a few words."),
        (7, 1, "key 'seed' is missing in run", "Seed of all random futures."),
    ],
    "missing_section": [(1, 1, "section 'run' is missing", "Step 4, run")],
    "misspelt_alias": [
        (4, 17, "no anchor &sead before this alias", ""),
        (6, 25, "no anchor &cost before this alias", ""),
    ],
    "misspelt_change": [
        (5, 7, "unknown key 'proces' in firms.steel", "did you mean process? allowed: count, sector, "),
        (6, 7, "no such firm: 'stele'", "did you mean steel? known: steel, "),
        (7, 7, "unknown key 'balancng.beta'", "did you mean balancing? allowed to start with: calendar, "),
    ],
    "misspelt_key": [(4, 5, "unknown key 'betta' in balancing", "did you mean beta? allowed: rule, beta, rest_sd, ")],
    "misspelt_section": [(2, 1, "unknown key 'platfroms'", f"did you mean platforms? allowed: {STEPS}")],
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
    "no_platforms": [
        (1, 1, "key 'outcomes' is missing in goals", "Name of an outcome."),
        (1, 1, "section 'platforms' is missing", "Step 2, build platforms"),
        (5, 22, "evaluate.outcomes is an empty list", "a list such as [a, b]"),
        (5, 26, "key 'values' is missing in evaluate.break_even", "ascending, at least two"),
        (5, 76, "evaluate.break_even: 'none' is compared with itself", "strategy and baseline differ"),
    ],
    "no_section": [(1, 1, "the file is not a scenario", STEPS)],
    "not_a_section": [
        (3, 17, "goals.stakeholders is not a section", "stakeholder names, each with a value of its own"),
        (5, 11, "market is not a section", "the keys closure, price_table, "),
        (6, 10, "firms is not a section", "firm names, each with a section of its own"),
        (9, 14, "strategies.raw.changes is not a section", "dotted keys with values"),
        (10, 11, "policies is not a section", "dotted keys with values"),
    ],
    "not_a_date": [(3, 21, "calendar.start: '2025-02-30' is not a date", "YYYY-MM-DD")],
    "only_comment": [(1, 1, "the file is empty", "see tandem new")],
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
    "resolution_does_not_divide": [
        (5, 26, "contracts.plan.resolution: 5 h does not divide the day", "1, 2, 3, 4, 6, 8, 12, 24"),
    ],
    "same_asset_twice": [(5, 7, "contracts.again: plan of steel is shared twice with the same partner", "")],
    "several": [
        (2, 1, "unknown key 'titel'", "did you mean title?"),
        (4, 13, "goals.baseline: no such strategy: 'nothing'", "known: none, raw, "),
        (7, 5, "unknown key 'betta' in balancing", "did you mean beta?"),
        (8, 14, "balancing.rest_sd: '450 MWh': MWh cannot be converted to MW; write it in W, kW, MW, GW, TW",
         "from 0 to 10000 MW"),
        (11, 14, "firms.steel.count: 0 is out of range", "from 1 to 1e+06 firm"),
        (16, 14, "strategies.raw.contracts.plan.fee: '-5 kEUR/yr' = -5000.0 is out of range", "from 0 to 1e+09 EUR/yr"),
        (19, 3, "key 'seed' appears twice", "first in line 18"),
        (20, 17, "run.replications: 'many' is not a number, nor a number with a unit", "from 1 to 100000"),
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
    "tab_indent": [
        (3, 1, r"not YAML: while scanning for the next token, found character '\t' that cannot start any token",
         "indent with spaces, not with tabs"),
    ],
    "two_documents": [(2, 1, "a second document; a scenario file holds one", "")],
    "unknown_key": [(4, 5, "unknown key 'weather' in market", "allowed: closure, price_table, ")],
    "unknown_table": [
        (4, 18, "market.price_table: no price table: 'day_ahead_de_lu_2024'", "did you mean day_ahead_de_lu_2025?"),
    ],
    "unknown_unit": [
        (6, 18, "firms.steel.process.furnace: '48 mw': 'mw' is not a unit; did you mean MW?; "
                "write it in W, kW, MW, GW, TW", "from 0.001 to 10000 MW"),
    ],
    "wrong_file_for_a_table": [
        (4, 18, "market.price_table: 'notes.yaml/prices' is no price table", ".json, .csv, .txt, .parquet, .pq files"),
        (5, 18, "market.stack_table: broken.json:1:30: is not a JSON text", "tandem calibrate"),
        (7, 40, "firms.metalworks.process.load_table: 'meter.xlsx' is no load table", ".json, .csv, "),
        (8, 37, "firms.platers.process.load_table: no such file: 'missing.json'", ""),
        (9, 40, "firms.power.forecasting.error_table: 'meter.csv' is no forecast error table", "allowed: .json files"),
    ],
    "wrong_kind_of_table": [
        (4, 18, "market.price_table: no price table: 'metal_processing_2018'", "known: day_ahead_de_"),
        (6, 14, "balancing.rest_sd: '450 kW/h': kW/h cannot be converted to MW; write it in W, kW, MW, GW, TW", ""),
        (11, 22, "firms.power.forecasting.error_table: errors.json is a table of kind 'load'", "'forecast_error'"),
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
    "asset_not_had": [
        (6, 23, "contracts.log.asset: metalworks has no melting shop of its own whose log could be mined",
         "needs process.kind batch and metered_alone true"),
        (7, 25, "contracts.meter.asset: metalworks is forecast within the portfolio, where its meter alone tells "
         "nothing", "needs metered_alone true"),
        (8, 73, "contracts.anonymous.variant: anonymised is offered for plans, not for log", "raw or standardised"),
    ],
    # zCDP: 87 releases of epsilon 1 at delta 1e-5 cost 10.9, 88 cost 11.03; the 88th would be that for 29 March.
    "budget_spent": [
        (17, 17, "contracts.plan.budget: a budget of 11 a year is spent by 2025-03-29, at epsilon 1 a release",
         "a larger budget, a smaller epsilon a release, or a smaller protected unit"),
        (21, 104, "contracts.plan.budget: a budget of 1 a year does not pay for a single release, at epsilon 3 a "
         "release", "a larger budget"),
    ],
    "encrypted_too_few": [
        (6, 56, "contracts.plan.variant: secure aggregation among 1 hides nothing: the sum is that record; it takes at "
         "least 3 sharers", "name more customers of power under members"),
        (10, 56, "contracts.plan.variant: secure aggregation among 2 hides nothing: each learns the other's by "
         "subtracting its own from the sum; it takes at least 3 sharers", "name more customers of power under members"),
    ],
    "epsilon_without_unit": [
        (6, 77, "contracts.plan.epsilon: an epsilon of 1 that protects nothing named", "set protected: heat, "),
        (7, 67, "contracts.log.epsilon: variant raw adds no noise", "set variant: anonymised"),
        (8, 90, "strategies.noisy.contracts.small-plans.protected: 'heats' is not allowed; did you mean heat?",
         "one of: none, heat, day, firm"),
        (8, 106, "strategies.noisy.contracts.small-plans.epsilon: '1 MW': MW cannot be converted to a number without a "
         "unit; write it in %", "number from 1e-06 to inf"),
    ],
    # 60 MW in 24 hours are 294 MW in the second norm; over the root of 2 rho = .0416, times that of 365: 27,520 MW.
    "firm_level_alone": [
        (6, 79, "contracts.plan.protected: firm-level privacy of a single firm that releases its plan 365 times a year "
         "is refused: all releases compose, and to keep them within epsilon 1 (delta 1e-05) a year each value needs "
         "noise with a standard deviation of 27,520 MW, 1,326 times the mean load of 20.76 MW, which leaves nothing to "
         "learn; protect a heat or a day, share means over longer blocks of hours, or release only totals of a "
         "population of firms", "allowed: heat, day; firm with release: sum of 3 or more sharers"),
    ],
    "follow_on": [  # what contracts cannot do since these are faulty is not said
        (4, 24, "firms.foundries.count: 'none' is not a number, nor a number with a unit", "from 1 to 1e+06 firm"),
        (5, 35, "firms.steel.process.scheduling: 'never' is not allowed", "one of: habit, before_prices, after_prices"),
        (7, 21, "data_platforms.hub.standard: 7 is not text", "one of: none, iec-cim, opc-ua, edifact"),
    ],
    "forecast_by_habit": [
        (6, 42, "contracts.prices.partner: steel schedules by habit, so a forecast of prices changes nothing",
         "set firms.steel.process.scheduling: before_prices"),
        (7, 26, "contracts.others.provider: no such utility: 'steel'", "known: power"),
        (7, 42, "contracts.others.partner: no such manufacturer: 'power'", "known: steel, "),
    ],
    "k_above_sharers": [
        (6, 71, "contracts.plan.k: groups of 10 out of 5 sharers", "allowed here: 1 to 5; or name more customers"),
        (10, 50, "contracts.plan.k: variant raw forms no groups", "set variant: anonymised"),
    ],
    "member_twice": [
        (5, 62, "contracts.again.members.0: plan of steel is shared twice with the same partner", ""),
        (5, 69, "contracts.again.members.1: plan of steel is shared twice with the same partner", ""),
    ],
    "members_unfit": [
        (6, 57, "contracts.plan.members.0: no such manufacturer: 'foundry'", "did you mean foundries?"),
        (6, 66, "contracts.plan.members.1: no such manufacturer: 'power'", "known: steel, "),
        (7, 68, "contracts.small-plans.members.0: metalworks has no production plan of its own to share",
         "needs process.kind batch and metered_alone true"),
        (8, 81, "contracts.prices.members: price_forecast has one provider", "members can share plan, log or meter"),
        (9, 81, "contracts.log.release: variant raw releases records only, not a sum", "set variant: anonymised"),
        (10, 7, "contracts.tree: plan of foundries is shared twice with the same partner", ""),
        (10, 81, "contracts.tree.release: a tree protects one day's total of each sharer",
         "set resolution: 24 h, protected: day and an epsilon"),
        (10, 90, "contracts.tree.k: a sum has one value for all sharers already", "or k: 1"),
    ],
    "orders_with_resolution": [
        (6, 80, "contracts.orders.resolution: means nothing for orders", "leave it at 1"),
        (6, 97, "contracts.orders.mapping_sd: means nothing for orders", "leave it at 0"),
        (6, 114, "contracts.orders.late_rate: means nothing for orders", "leave it at 0"),
        (6, 129, "contracts.orders.platform: final customers are no members of a platform", "leave platform out"),
        (6, 143, "contracts.orders.variant: encrypted is offered for plans, not for orders", "noise_sd for orders"),
        (7, 26, "contracts.steels.provider: no such provider of orders: 'steel'", "known: customers"),
        (8, 46, "contracts.powers.partner: no such manufacturer: 'power'", "known: steel, "),
        (9, 98, "contracts.small.members: orders has one provider", "members can share plan, log or meter"),
        (9, 99, "contracts.small.members.0: no such provider of orders: 'steel'", "known: customers"),
    ],
    "platform_unknown": [
        (6, 57, "contracts.plan.platform: no such data platform: 'hubb'", "did you mean hub?"),
        (10, 57, "contracts.plan.platform: no such data platform: 'exchange'", "known: hub"),
        (12, 7, "no such data platform: 'hubb'", "did you mean hub? known: hub"),
    ],
    "rule_beyond_sharers": [
        (3, 18, "privacy.k_min: the rule wants 6 subjects behind a record, contract plan has 1 sharer",
         "at most 1, or name more customers of power under members"),
        (3, 18, "privacy.k_min: the rule wants 6 subjects behind a record, contract small-plans has 4 sharers",
         "at most 4, or name more customers of power under members"),
        (3, 18, "privacy.k_min: the rule wants 6 subjects behind a record, contract plan has 5 sharers", "at most 5"),
    ],
    "standard_missing": [
        (9, 56, "contracts.plan.variant: standardised by no standard", "standard of the contract, or of its platform"),
        (13, 56, "contracts.plan.variant: standardised by no standard", "standard of the contract, or of its platform"),
        (17, 80, "contracts.plan.standard: opc-ua on platform hub, whose standard is iec-cim", "none or iec-cim"),
    ],
    "standard_unknown": [
        (4, 21, "data_platforms.hub.standard: 'iec-cym' is not allowed; did you mean iec-cim?", "one of: none, "),
        (8, 24, "strategies.standardised.contracts.plan.standard: 'opcua' is not allowed; did you mean opc-ua?",
         "one of: none, iec-cim, opc-ua, edifact"),
    ],
    "yaml_tag": [
        (2, 8, "YAML tag !!python/object/apply:os.system is refused", "text, numbers, lists and sections"),
        (2, 8, "title is a list", "text"),
    ],
}  # fmt: skip
OTHER_FILE = {"circular": "circular_back", "circular_back": "circular"}


def test_every_faulty_file_has_its_message() -> None:
    assert {path.stem for path in FAULTY.glob("*.yaml")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_message_names_place_fault_and_what_is_allowed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FAULTY)
    with pytest.raises(InputError) as caught:
        load_study(f"{name}.yaml")
    faults = caught.value.faults
    file = OTHER_FILE.get(name, name)
    for fault, (line, column, what, allowed) in zip(faults, EXPECTED[name], strict=True):
        assert fault.where == f"{file}.yaml:{line}:{column}"
        assert fault.what == what
        assert allowed in fault.allowed


def command(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Run `tandem` in this process; return exit code, stdout, stderr."""
    with pytest.raises(SystemExit) as stopped:
        main(list(arguments))
    out, err = capsys.readouterr()
    return int(stopped.value.code or 0), out, err


@pytest.mark.parametrize("name", EXPECTED)
def test_check_exits_with_2_and_says_all_on_stderr(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(FAULTY)
    code, out, err = command("check", f"{name}.yaml", capsys=capsys)
    assert code == 2
    assert out == ""
    assert len(err.splitlines()) == len(EXPECTED[name])
    for line, column, what, _ in EXPECTED[name]:
        assert f"{OTHER_FILE.get(name, name)}.yaml:{line}:{column}: {what}" in err


def test_check_as_json_lists_faults_with_file_line_and_column(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = command("check", str(FAULTY / "misspelt_key.yaml"), "--json", capsys=capsys)
    answer = json.loads(out)
    assert (code, err, answer["ok"], len(answer["faults"])) == (2, "", False, 1)
    fault = answer["faults"][0]
    assert Path(fault["file"]).name == "misspelt_key.yaml"
    assert (fault["line"], fault["column"], fault["what"]) == (4, 5, "unknown key 'betta' in balancing")
    assert fault["allowed"].startswith("did you mean beta?")


@pytest.mark.parametrize("verb", ["run", "show", "check"])
def test_a_bad_scenario_leaves_nothing_behind(verb: str, tmp_path: Path) -> None:
    scenario = tmp_path / "several.yaml"
    scenario.write_bytes((FAULTY / "several.yaml").read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", "from analysis.cli import main; main()", verb, scenario.name],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "PYTHONPATH": str(FAULTY.parents[2])},
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == len(EXPECTED["several"])
    assert done.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["several.yaml"]


HOSTILE: dict[str, tuple[bytes, str]] = {
    "binary": (bytes(range(1, 256)) * 40, "is not UTF-8"),
    "utf16": ("extends: steel-and-power".encode("utf-16"), "is not UTF-8"),
    "nul": (b"extends: steel-and-power\ntitle: a\0b\n", ":2:9: NUL byte: this is no text file"),
    "control_character": (b"extends: steel-and-power\ntitle: a\x07b\n", ":2:9: not YAML: a forbidden character"),
    "escaped_nul": (b'extends: "a\\0.yaml"\n', ":1:10: 'a\\x00.yaml' leads out of the scenario's folder"),
    "half_a_surrogate_pair": (b'extends: steel-and-power\ntitle: "\\uD800"\n', ":2:8: half a surrogate pair"),
    "deep_flow": (b"[" * 3000, "more than 32 levels deep"),
    "deep_flow_lines": (b"[\n" * 3000, ":33:1: more than 32 levels deep"),
    "deep_sections": (b"".join(b" " * i + b"a:\n" for i in range(500)), ":33:33: more than 32 levels deep"),
    "deep_mappings": (b"{a: " * 3000, "more than 32 levels deep"),
    "deep_by_aliases": (
        b"a0: &a0 [x]\n" + b"".join(b"a%d: &a%d [*a%d]\n" % (i, i, i - 1) for i in range(1, 3000)),
        "more than 32 levels deep",
    ),
    "wide": (b"a: [" + b"1," * 100_000 + b"1]", "more than 20,000 values"),
    "huge": (b"#" * (MAX_BYTES + 1), "allowed: at most 262,144"),
    "long_text": (b"extends: steel-and-power\ntitle: " + b"a" * 5000, ":2:8: text of 5,000 characters"),
    "long_dotted_key": (b"extends: steel-and-power\npolicies:\n  ? " + b"a." * 1500 + b"b\n  : 1", ":3:5: unknown key"),
    "many_faults": (b"extends: steel-and-power\n" + b"".join(b"k%d: 1\n" % i for i in range(10_000)), "and 800 more"),
    "many_firms": (
        b"platforms:\n  firms:\n" + b"".join(b"    f%d: {type: utility}\n" % i for i in range(4000)),
        ":2:3: firms has 4,000 entries (allowed: at most 1,000)",
    ),
    "exponent": (
        b"extends: steel-and-power\nplatforms: {balancing: {beta: 1e999999999, rest_sd: 1e999999999 MW}}\n",
        ":2:31: balancing.beta: inf is out of range",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_costs_a_message_and_little_time(name: str, tmp_path: Path) -> None:
    content, said = HOSTILE[name]
    path = tmp_path / "hostile.yaml"
    path.write_bytes(content)
    begun = time.monotonic()
    with pytest.raises(InputError) as caught:
        load_study(str(path))
    assert time.monotonic() - begun < 10
    assert said in str(caught.value)
    assert len(caught.value.faults) <= 201


def peak_mb(scenario: Path) -> int:
    """Return the peak memory, MB, of a process that reads a scenario, faulty or not."""
    code = (
        "import contextlib, resource, sys; from scenarios.spec import load_study; from model.errors import InputError\n"
        "with contextlib.suppress(InputError): load_study(sys.argv[1])\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(scenario)], cwd=FAULTY.parents[2], capture_output=True, text=True, timeout=60,
        check=True,
    )  # fmt: skip
    return int(done.stdout)


def test_hostile_files_need_little_memory() -> None:
    """The bomb would expand to a thousand million values; it needs no more than an ordinary scenario does."""
    ordinary = peak_mb(FAULTY.parents[2] / "scenarios" / "library" / "steel-and-power.yaml")
    assert peak_mb(FAULTY / "alias_bomb.yaml") < ordinary + 30


def test_a_symbolic_link_does_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "prices.csv").write_text("time,price_eur_mwh\n")
    (inside / "prices.csv").symlink_to(outside / "prices.csv")
    scenario = inside / "mine.yaml"
    scenario.write_text("extends: steel-and-power\nplatforms: {market: {price_table: prices.csv}}\n")
    with pytest.raises(InputError, match="'prices.csv' leads out of the scenario's folder"):
        load_study(str(scenario))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("steel-and-powr", "no such scenario: 'steel-and-powr' (did you mean steel-and-power?"),
        ("nowhere.yaml", "nowhere.yaml: no such file"),
        ("", "no such scenario: ''"),
        ("a\0b.yaml", "no such file"),
        ("x" * 5000 + ".yaml", "no such file"),
    ],
)
def test_a_scenario_that_is_not_there(name: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        load_study(name)
    assert said in str(caught.value)


def test_a_table_with_a_number_of_thousands_of_digits_is_refused(tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text('{"kind": "stack", "blocks": ' + "9" * 5000 + "}")
    scenario = tmp_path / "mine.yaml"
    scenario.write_text("extends: steel-and-power\nplatforms: {market: {stack_table: stack.json}}\n")
    with pytest.raises(InputError, match=r"stack.json cannot be read: Exceeds the limit \(4300 digits\)"):
        load_study(str(scenario))


def test_a_folder_is_no_scenario(tmp_path: Path) -> None:
    folder = tmp_path / "folder.yaml"
    folder.mkdir()
    with pytest.raises(InputError, match="no such file"):
        load_study(str(folder))


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("balancing.betta=3", "--set balancing.betta: unknown key 'betta' in balancing (did you mean beta?"),
        ("balancing.beta=9", "--set balancing.beta: balancing.beta: 9 is out of range (allowed: "),
        ("balancing.beta=1 MW", "--set balancing.beta: balancing.beta: '1 MW': MW cannot be converted"),
        ("balancing.beta", "--set balancing.beta: is not KEY=VALUE (for example --set balancing.beta=0.3)"),
        ("=3", "is not KEY=VALUE"),
        ("balancing.beta=", "--set balancing.beta: balancing.beta has no value"),
        ("balancing.beta=[1", "--set balancing.beta: not YAML"),
        ("balancing.rule.x=1", "--set balancing.rule.x: balancing.rule is a section"),
        ("contracts.plam.fee=1", "--set contracts.plam.fee: no such contract: 'plam' (did you mean plan?"),
        ("firms.stele.count=1", "--set firms.stele.count: no such firm: 'stele' (did you mean steel?"),
        ("run.replications=0", "--set run.replications: run.replications: 0 is out of range"),
        (
            "firms.steel=3",
            "--set firms.steel: firms.steel is not a section (allowed: a section with type: manufacturer or",
        ),
        (
            "evaluate.break_even={parameter: contracts.plan.noise_sd, values: [0, .inf], strategy: raw, "
            "outcome: real_cost}",
            "evaluate.break_even.values is no sweep (allowed: .inf as the last value, after one above 0)",
        ),
        (
            "contracts.plan.members=[steel]",
            "--set contracts.plan.members: contracts.plan.members.0: plan of steel is shared",
        ),
        (
            "privacy.k_min=6",
            "--set privacy.k_min: privacy.k_min: the rule wants 6 subjects behind a record, contract plan",
        ),
        ("data_platforms.hubb.fee=3", "no such data platform: 'hubb' (did you mean hub? known: hub)"),
        ("strategies.none=null", "goals.baseline: no such strategy: 'none'"),
        ("a" + ".a" * 5000 + "=1", "unknown key"),
    ],
)
def test_set_is_checked_like_a_file(option: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        load_study("steel-and-power", sets=[option])
    assert said in str(caught.value)


def test_what_a_rule_imposes_is_said_of_the_rule() -> None:
    with pytest.raises(InputError) as caught:
        load_study("steel-and-power", sets=["privacy.protected=firm", "privacy.epsilon_max=1"])
    assert {fault.where for fault in caught.value.faults} == {"--set privacy.protected"}
    assert all(fault.what.startswith("privacy.protected: contracts.") for fault in caught.value.faults)


def test_an_unknown_override_names_the_nearest() -> None:
    with pytest.raises(InputError, match=r"--override: no such override: 'dual-prices' \(did you mean dual-pricing\?"):
        load_study("steel-and-power", overrides=["dual-prices"])


def test_faults_of_file_override_and_option_come_together(tmp_path: Path) -> None:
    scenario = tmp_path / "mine.yaml"
    scenario.write_text("extends: steel-and-power\ntitel: x\n")
    with pytest.raises(InputError) as caught:
        load_study(str(scenario), overrides=["dual-prices"], sets=["balancing.beta=9"])
    assert len(caught.value.faults) == 3
