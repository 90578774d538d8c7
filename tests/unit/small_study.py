"""A works that shares its plan with its utility or not: what the tests of sweeps, rankings and waterfalls share."""

GOALS_TO_STRATEGIES = """\
goals: {question: Does it pay?, outcomes: [real_cost], baseline: none}
platforms:
  calendar: {days: 4, burn_in: 3}
  firms:
    steel: {type: manufacturer, utility: power, metered_alone: true}
    metalworks:
      type: manufacturer
      count: 8
      utility: power
      process: {kind: shaped, load_table: metal_processing_2018, mean_load: 12.5 MW}
    power: {type: utility}
strategies:
  none: {title: No sharing}
  raw: {title: Hourly plan, contracts: {plan: {provider: steel, partner: power}}}
"""
"""A scenario up to its strategies; more of them may follow, then how it is run and what is evaluated."""
