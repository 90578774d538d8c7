"""Every output of a run, declared once: name, unit, direction, stakeholder, description.

Tables, figures, comparison and report read these declarations. A cost is *real* when it uses up
a resource and a *transfer* when it only moves money; transfers sum to zero over all parties.
"""

from model.outcomes.controls import CONTROLS
from model.outcomes.costs import REAL_COSTS, TOTAL
from model.outcomes.declaration import Direction, Family, Outcome
from model.outcomes.exposure import EXPOSURE
from model.outcomes.maintenance import MAINTENANCE
from model.outcomes.operations import OPERATIONS
from model.outcomes.records import RECORDS
from model.outcomes.sharing import ENDOWMENTS, KNOWLEDGE, PRICES, SHARING, SHARING_COSTS
from model.outcomes.transfers import TRANSFERS

__all__ = ["COST_COMPONENTS", "OUTCOME", "OUTCOMES", "Direction", "Family", "Outcome"]

OUTCOMES: tuple[Outcome, ...] = (
    *REAL_COSTS,
    *TRANSFERS,
    *OPERATIONS,
    *EXPOSURE,
    *RECORDS,
    *MAINTENANCE,
    *CONTROLS,
    *SHARING_COSTS,
    *SHARING,
    *ENDOWMENTS,
    *PRICES,
    *KNOWLEDGE,
)
"""All declarations, in the order in which stores and tables list them."""

OUTCOME: dict[str, Outcome] = {outcome.name: outcome for outcome in OUTCOMES}
"""Declarations by name."""

COST_COMPONENTS: tuple[str, ...] = tuple(o.name for o in OUTCOMES if o.component_of == TOTAL)
"""The additive parts of the total real cost."""
