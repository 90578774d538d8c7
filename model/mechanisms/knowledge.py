"""Knowledge that passes from firm to firm: barter of know-how, understanding at a distance, open pools, leaks.

Barter follows Cowan & Jonard (2004), Journal of Economic Dynamics and Control 28(8), 1557-1575: two firms trade only
where each has what the other wants, and a trade closes a part of the gap. What two firms can learn from each other
depends on how different they are (Nooteboom et al. 2007, Research Policy 36(7)), what a firm can take in on its own
research (Cohen & Levinthal 1989, Economic Journal 99), and experience adds up (Wright 1936).
"""

import numpy as np

from model.kernels import kernel
from model.streams import Floats, Ints, Key, normal, uniform


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


@kernel
def cognitive_distance(one: Floats, other: Floats) -> float:
    """Return how differently two firms' knowledge is spread over areas, 0 (alike) to 1 (nothing in common).

    One less the cosine of the two vectors, as in Jaffe (1986), American Economic Review 76(5): levels do not matter. A
    firm that knows nothing has nothing in common with one that knows something.
    """
    product, square, other_square = 0.0, 0.0, 0.0
    for area in range(one.size):
        product += one[area] * other[area]
        square += one[area] ** 2
        other_square += other[area] ** 2
    if square == 0.0 or other_square == 0.0:
        return 0.0 if square == other_square else 1.0
    return float(min(1.0, max(0.0, 1.0 - product / np.sqrt(square * other_square))))


@kernel
def learning_at(distance: float, ability: float, ability_slope: float, novelty: float, novelty_slope: float) -> float:
    """Return what is learnt at a cognitive distance d: (a0 - a1 d)(b0 + b1 d), an inverted U; 0 from d = a0/a1 on.

    `ability`, `ability_slope`: a0, a1, mutual understanding; `novelty`, `novelty_slope`: b0, b1, what is new; all pure.
    Source: Nooteboom et al. (2007), Research Policy 36(7).
    """
    return max(0.0, ability - ability_slope * distance) * (novelty + novelty_slope * distance)


@kernel
def best_distance(ability: float, ability_slope: float, novelty: float, novelty_slope: float) -> float:
    """Return the distance from which most is learnt: (a0 b1 - a1 b0) / (2 a1 b1) within 0 to a0/a1; may be infinite."""
    if ability_slope == 0.0:
        return np.inf if novelty_slope > 0.0 else 0.0
    if novelty_slope == 0.0:
        return 0.0
    return max(0.0, (ability * novelty_slope - ability_slope * novelty) / (2.0 * ability_slope * novelty_slope))


@kernel
def understanding(distance: float, terms: Floats) -> float:
    """Return what is learnt at a distance over the most that is learnt at any distance from 0 to 1, 0 to 1.

    Args:
        distance: between two firms, 0 to 1.
        terms: a0, a1, b0, b1 of `learning_at`, shape (4,).
    """
    a0, a1, b0, b1 = terms
    most = learning_at(min(1.0, best_distance(a0, a1, b0, b1)), a0, a1, b0, b1)
    return learning_at(distance, a0, a1, b0, b1) / most if most > 0.0 else 0.0


@kernel
def exchange_quarter(
    one: Ints,
    other: Ints,
    knowledge: Floats,
    absorption: Floats,
    terms: Floats,
    cutoff: float,
    meetings: int,
    key: Key,
    entity: Ints,
    day: int,
) -> None:
    """Let pairs of firms meet for a quarter, round by round; each absorbs as far as the two understand each other.

    Args:
        one, other: rows of the two firms, shape (pair,).
        knowledge: doublings, shape (firm, area), updated in place.
        absorption: part of a gap that a firm closes at the best distance, shape (firm,).
        terms, cutoff: see `understanding` and `meet`.
        meetings: of each pair.
        key, entity, day: address of the draws, entity by pair, shape (pair,).
    """
    for meeting in range(meetings):
        for p in range(one.size):
            i, j = one[p], other[p]
            grasp = understanding(cognitive_distance(knowledge[i], knowledge[j]), terms)
            meet(i, j, knowledge, grasp * absorption[i], grasp * absorption[j], cutoff, key, entity[p], day, meeting)


def absorptive_capacity(research: Floats, half_learning: Floats) -> Floats:
    """Return the part of what is laid open to each firm that it can take in, 0 to 1 (Cohen & Levinthal 1989).

    Args:
        research: own spending on research over revenue; `half_learning`: that at which the part is a half, above 0.
    """
    return research / (research + half_learning)


def effective_doublings(gained: Floats, public: Floats) -> Floats:
    """Return doublings of effective experience, shape (firm, area), from doublings of what is a firm's own.

    Beside its own experience e a firm has the public one that it can take in (Cohen & Levinthal 1989, Economic Journal
    99: z = M + gamma (theta sum of others' M + T)): with gamma T = p e(0) the sum grows from (1 + p) e(0) to
    (2^x + p) e(0) while the own part, with all that others show, grows by x doublings.

    Args:
        gained: x, doublings of own experience and of what others showed, since the start.
        public: p, public experience that each firm takes in, over its own at the start, shape (firm,).
    """
    part = public[:, None]
    out: Floats = np.where(part > 0.0, np.log2((np.exp2(gained) + part) / (1.0 + part)), gained)
    return out


@kernel
def spread_knowledge(key: Key, entity: Ints, spread: Floats, knowledge: Floats) -> None:
    """Let what firms know differ from what is declared of them, in each area, but by no more than all of it.

    Args:
        key, entity: address of the draws, entity by firm, shape (firm,).
        spread: standard deviation of each firm, doublings, shape (firm,).
        knowledge: doublings, shape (firm, area), updated in place.
    """
    for i in range(entity.size):
        for area in range(knowledge.shape[1] if spread[i] > 0.0 else 0):
            knowledge[i, area] = max(0.0, knowledge[i, area] + spread[i] * normal(key, entity[i], 0, area))


@kernel
def pooled_experience(rows: Ints, experience: Floats, openness: float, capacity: Floats, pooled: Floats) -> None:
    """Write the experience that each member of a pool has or sees: E_i = 2^e_i + openness z_i sum over others of 2^e_j.

    Args:
        rows: members.
        experience: own doublings by firm and area, shape (firm, area).
        openness: part of each member's experience that the pool shows.
        capacity: z, part of what is shown that each firm can take in, shape (firm,).
        pooled: result, doublings by member and area, shape (member, area).
    """
    for area in range(experience.shape[1]):
        total = 0.0
        for i in rows:
            total += 2.0 ** experience[i, area]
        for m in range(rows.size):
            own = 2.0 ** experience[rows[m], area]
            pooled[m, area] = np.log2(own + openness * capacity[rows[m]] * (total - own))


@kernel
def learn_from_pool(rows: Ints, pooled: Floats, absorption: Floats, knowledge: Floats) -> None:
    """Move what each member knows towards what it has or sees, by its absorption; nobody forgets.

    Args:
        rows: members; `pooled`: doublings, shape (member, area).
        absorption: part of the gap closed, shape (firm,); `knowledge`: shape (firm, area), updated in place.
    """
    for m in range(rows.size):
        i = rows[m]
        for area in range(knowledge.shape[1]):
            knowledge[i, area] += absorption[i] * max(0.0, pooled[m, area] - knowledge[i, area])


@kernel
def leak(
    rows: Ints,
    learnt: Floats,
    place: Ints,
    first: Ints,
    sellers: Ints,
    is_member: Floats,
    share: float,
    knowledge: Floats,
) -> None:
    """Let rivals outside a contract learn a part of what its members newly learnt, up to the members' level.

    Args:
        rows: members; `learnt`: doublings by member and area, shape (member, area).
        place: market of each firm, -1 for none, shape (firm,).
        first, sellers: firms of market p stand in `sellers` from `first[p]` to before `first[p + 1]`.
        is_member: 1 for members, else 0, shape (firm,).
        share: part that gets out.
        knowledge: shape (firm, area), updated in place.
    """
    for m in range(rows.size):
        home = place[rows[m]]
        if home < 0:
            continue
        for s in range(first[home], first[home + 1]):
            rival = sellers[s]
            if is_member[rival] > 0.0:
                continue
            for area in range(knowledge.shape[1]):
                gap = knowledge[rows[m], area] - knowledge[rival, area]
                knowledge[rival, area] += max(0.0, min(gap, share * learnt[m, area]))


def cost_change(gained: Floats, learning_rate: Floats, learnable: Floats) -> Floats:
    """Return the change of unit cost over unit cost: the learnable part falls with the mean of `gained` doublings.

    Args:
        gained: doublings of experience since the start, shape (firm, area).
        learning_rate: fall per doubling in all areas; `learnable`: part of unit cost that can fall; shape (firm,).
    """
    out: Floats = learnable * ((1.0 - learning_rate) ** gained.mean(axis=1) - 1.0)
    return out
