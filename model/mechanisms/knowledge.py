"""Knowledge that passes from firm to firm: barter of know-how, understanding at a distance, open pools, leaks.

Barter follows Cowan & Jonard (2004), Journal of Economic Dynamics and Control 28(8), 1557-1575: two firms trade only
where each has what the other wants, and a trade closes a part of the gap. What two firms can learn from each other
depends on how different they are (Nooteboom et al. 2007, Research Policy 36(7)), what a firm can take in on its own
research (Cohen & Levinthal 1989, Economic Journal 99), and experience adds up (Wright 1936).
"""

import numpy as np

from model.kernels import kernel
from model.streams import Floats, Ints, Key, uniform


@kernel
def leads(ahead: Floats, behind: Floats, cutoff: float, areas: Ints) -> int:
    """Write the areas in which `ahead` leads `behind` by more than the relative `cutoff`; return how many.

    A lead is relative to the level of the firm that has it. `areas` has room for all areas.
    """
    count = 0
    for area in range(ahead.size):
        if ahead[area] - behind[area] > cutoff * abs(ahead[area]):
            areas[count] = area
            count += 1
    return count


@kernel
def meet(
    one: int,
    other: int,
    knowledge: Floats,
    absorb_one: float,
    absorb_other: float,
    cutoff: float,
    key: Key,
    entity: int,
    day: int,
    slot: int,
) -> int:
    """Let two firms barter know-how; return how many areas each of them gives and takes.

    Nothing passes without a double coincidence of wants: each must lead in some area. As many areas pass either way
    as the firm with fewer leads has to offer; of the other's leads chance decides which. Each one taken raises
    v_one,c by `absorb_one` (v_other,c - v_one,c), and the other's likewise.

    Args:
        one, other: rows of `knowledge`.
        knowledge: levels, shape (firm, area), updated in place.
        absorb_one, absorb_other: part of a gap that each closes when it takes an area, 0 to 1.
        cutoff: relative lead below which two firms count as equally good.
        key, entity, day: address of the draws; `slot`: number of the meeting on that day.
    """
    areas = knowledge.shape[1]
    given, taken = np.empty(areas, np.int64), np.empty(areas, np.int64)
    most_given = leads(knowledge[one], knowledge[other], cutoff, given)
    most_taken = leads(knowledge[other], knowledge[one], cutoff, taken)
    trades = min(most_given, most_taken)
    longer, length = (given, most_given) if most_given > most_taken else (taken, most_taken)
    for k in range(trades if length > trades else 0):  # the first steps of a Fisher-Yates shuffle
        pick = k + int(uniform(key, entity, day, slot * areas + k) * (length - k))
        longer[k], longer[pick] = longer[pick], longer[k]
    for k in range(trades):
        knowledge[other, given[k]] += absorb_other * (knowledge[one, given[k]] - knowledge[other, given[k]])
        knowledge[one, taken[k]] += absorb_one * (knowledge[other, taken[k]] - knowledge[one, taken[k]])
    return trades
