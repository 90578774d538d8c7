"""Faults of contracts on data: their parties, variants, privacy, platforms and standards."""

from tests.unit.faults import Expected

CONTRACTS: dict[str, list[Expected]] = {
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
    "resolution_does_not_divide": [
        (5, 26, "contracts.plan.resolution: 5 h does not divide the day", "1, 2, 3, 4, 6, 8, 12, 24"),
    ],
    "same_asset_twice": [(5, 7, "contracts.again: plan of steel is shared twice with the same partner", "")],
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
}  # fmt: skip
