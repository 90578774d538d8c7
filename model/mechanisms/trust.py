"""Trust in a partner from what it did before: the beta reputation of Josang & Ismail (2002), with forgetting.

No submodel reads it yet: contracts are declared, so nobody chooses a partner by trust. It is here, and validated, for
the formation of collaborations.

Source: Josang & Ismail (2002), "The beta reputation system", 15th Bled Electronic Commerce Conference.
"""

from model.kernels import kernel
from model.streams import Floats


@kernel
def remember(kept: Floats, broken: Floats, outcomes: Floats, forgetting: float) -> None:
    """Let what is remembered fade, then add one outcome of each partner.

    Args:
        kept, broken: remembered outcomes of either kind, shape (partner,), updated in place; zero for a new partner.
        outcomes: 1 where the partner kept its word in this step, 0 where not, shape (partner,); parts may be either.
        forgetting: weight lambda of the past a step later, 0 to 1; 1 forgets nothing.
    """
    for partner in range(kept.size):
        kept[partner] = forgetting * kept[partner] + outcomes[partner]
        broken[partner] = forgetting * broken[partner] + 1.0 - outcomes[partner]


@kernel
def trust(kept: float, broken: float) -> float:
    """Return the expected share of kept words, 0 to 1: the mean of a beta distribution; .5 of whom nothing is known."""
    return (kept + 1.0) / (kept + broken + 2.0)
