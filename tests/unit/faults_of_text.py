"""Faults of what a scenario file is written in and of: YAML, steps, keys, files that it extends or reads."""

from tests.unit.faults import STEPS, Expected

TEXT: dict[str, list[Expected]] = {
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
    "circular": [
        (1, 10, "extends runs in a circle: circular.yaml -> circular_back.yaml -> circular.yaml", ""),
    ],
    "circular_back": [
        (1, 10, "extends runs in a circle: circular_back.yaml -> circular.yaml -> circular_back.yaml", ""),
    ],
    "colon_in_text": [
        (2, 15, "not YAML: mapping values are not allowed here", "text that holds a colon and a space needs quotes"),
    ],
    "data_absolute": [
        (4, 18, "market.price_table: '/etc/prices.csv' leads out of the scenario's folder", "in the same folder"),
    ],
    "data_outside": [
        (4, 18, "market.price_table: '../../../prices.csv' leads out of the scenario's folder", "in the same folder"),
    ],
    "duplicate_key": [(6, 5, "key 'beta' appears twice", "first in line 4")],
    "empty": [(1, 1, "the file is empty", "see tandem new")],
    "extends_itself": [(1, 10, "extends runs in a circle: extends_itself.yaml -> extends_itself.yaml", "")],
    "extends_not_text": [(1, 10, "extends is not text", "a library name, or a .yaml file beside this one")],
    "extends_outside": [
        (1, 10, "'../../../scenarios/library/steel-and-power.yaml' leads out of the scenario's folder",
         "a file in the same folder"),
    ],
    "missing_data_file": [
        (6, 21, "firms.metalworks.process.load_table: no such file: 'metre.csv'", "did you mean meter.csv?"),
    ],
    "missing_extends": [
        (1, 10, "no such scenario to extend: 'steel-and-powr'", "did you mean steel-and-power?"),
        (2, 1, "unknown key 'colour'", f"allowed: {STEPS}"),
    ],
    "missing_key": [
        (1, 1, "key 'question' is missing in goals", "The question that the study answers."),
        (4, 5, "key 'type' is missing in firms.power", "one of: manufacturer, healthcare, farm, utility"),
        (6, 3, "key 'title' is missing in strategies.none", "The strategy in a few words."),
        (7, 1, "key 'seed' is missing in run", "Seed of all random futures."),
    ],
    "missing_section": [(1, 1, "section 'run' is missing", "Step 4, run")],
    "misspelt_alias": [
        (4, 17, "no anchor &sead before this alias", ""),
        (6, 25, "no anchor &cost before this alias", ""),
    ],
    "misspelt_section": [(2, 1, "unknown key 'platfroms'", f"did you mean platforms? allowed: {STEPS}")],
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
    "only_comment": [(1, 1, "the file is empty", "see tandem new")],
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
    "tab_indent": [
        (3, 1, r"not YAML: while scanning for the next token, found character '\t' that cannot start any token",
         "indent with spaces, not with tabs"),
    ],
    "two_documents": [(2, 1, "a second document; a scenario file holds one", "")],
    "unknown_table": [
        (4, 18, "market.price_table: no price table: 'day_ahead_de_lu_2024'", "did you mean day_ahead_de_lu_2025?"),
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
    "yaml_tag": [
        (2, 8, "YAML tag !!python/object/apply:os.system is refused", "text, numbers, lists and sections"),
        (2, 8, "title is a list", "text"),
    ],
}  # fmt: skip
