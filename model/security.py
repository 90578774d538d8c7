"""Security spending and the privacy rule: declared inputs, and the rules that read them.

A holder's spending z cuts its hazard of a breach as in Gordon & Loeb (2002), "The economics of information security
investment", ACM Transactions on Information and System Security 5(4), class I: S(z) = v / (alpha z + 1)^beta. Here
v stands for the hazard without extra spending and v L for the expected loss per year that spending can avert.
"""

import math
from dataclasses import dataclass

from model.parameters import declare

INFINITE = float("inf")


@dataclass(frozen=True, kw_only=True)
class Security:
    """What the holder of copies spends on their security, beyond what it does anyway."""

    rule: str = declare(
        "none",
        unit="",
        choices=("none", "fixed", "share_of_exposure", "gordon_loeb"),
        role="lever",
        note="nothing beyond what is done anyway",
        doc="How spending is decided: an amount, a part of the expected loss, or the Gordon-Loeb optimum.",
    )
    spending: float = declare(
        0.0,
        unit="EUR/yr",
        bounds=(0, 1e9),
        role="lever",
        note="nothing beyond what is done anyway",
        doc="Spending under the rule `fixed`.",
    )
    exposure_share: float = declare(
        0.1,
        unit="1",
        bounds=(0, 1),
        role="lever",
        note="a tenth of the expected loss; Gordon and Loeb's optimum is never above 1/e = .37 of it; 0 to .37",
        doc="Spending over expected loss under the rule `share_of_exposure`.",
    )
    alpha: float = declare(
        1e-5,
        unit="yr/EUR",
        bounds=(0, 1),
        role="uncertainty",
        source="gordon_loeb_2002",
        doc="Effect of spending: the hazard falls by (alpha x spending + 1)^beta; an illustration, not an estimate.",
    )
    beta: float = declare(
        1.0,
        unit="1",
        bounds=(0.01, 20),
        role="uncertainty",
        source="gordon_loeb_2002",
        doc="Exponent of that effect.",
    )


@dataclass(frozen=True, kw_only=True)
class PrivacyRule:
    """What a regulator demands of shared data, and what it fines when regulated data leak."""

    epsilon_max: float = declare(
        INFINITE,
        unit="1",
        bounds=(1e-6, INFINITE),
        role="lever",
        note="no rule",
        doc="Largest epsilon of a release; .inf demands no noise.",
    )
    protected: str = declare(
        "heat",
        unit="",
        choices=("heat", "day", "firm"),
        role="lever",
        note="the weakest claim that can be kept for a single subject",
        doc="What that epsilon must protect at least: one heat, one day, or the whole firm.",
    )
    block_min: int = declare(
        1, unit="h", bounds=(1, 24), role="lever", note="no rule", doc="Shortest time block that may be shared."
    )
    k_min: int = declare(
        1,
        unit="1",
        bounds=(1, 100_000),
        role="lever",
        note="no rule",
        doc="Fewest subjects among whom a record must be indistinguishable.",
    )
    fine_probability: float = declare(
        0.0,
        unit="1",
        bounds=(0, 1),
        role="lever",
        note="no rule; of notified breaches well below 1 % were fined",
        doc="Probability that a breach of regulated data is fined.",
    )
    fine_median: float = declare(
        94_000.0,
        unit="EUR",
        bounds=(0, 1e10),
        role="uncertainty",
        source="cms_fines_2024",
        doc="Median fine before the cap: the mean of all fines on record, 2.14 MEUR, over exp(fine_sigma^2 / 2).",
    )
    fine_sigma: float = declare(
        2.5,
        unit="1",
        bounds=(0, 5),
        role="uncertainty",
        note="a few giants make the published mean; change fine_median with it to keep that mean; 2 to 3",
        doc="Standard deviation of the log fine.",
    )
    fine_cap: float = declare(
        20e6,
        unit="EUR",
        bounds=(0, 1e12),
        role="lever",
        source="gdpr_article_83",
        doc="Highest fine of a small holder; the larger of this and `fine_cap_share` binds.",
    )
    fine_cap_share: float = declare(
        0.04,
        unit="1",
        bounds=(0, 1),
        role="lever",
        source="gdpr_article_83",
        doc="Highest fine over yearly turnover.",
    )


def investment(security: Security, exposure: float) -> float:
    """Return what a holder spends on security, EUR/yr.

    Args:
        security: the rule and the effect of spending.
        exposure: loss that is expected without any spending and that the holder takes into account, EUR/yr (v L).
    """
    if security.rule == "fixed":
        return security.spending
    if security.rule == "share_of_exposure":
        return security.exposure_share * exposure
    if security.rule == "gordon_loeb":
        return gordon_loeb(exposure, security.alpha, security.beta)
    return 0.0


def gordon_loeb(exposure: float, alpha: float, beta: float) -> float:
    """Return the spending that minimises exposure / (alpha z + 1)^beta + z, EUR/yr; never above `spending_bound`.

    Nothing is spent where the first euro averts less than a euro: alpha beta exposure <= 1.

    Args:
        exposure: expected loss without spending, EUR/yr; `alpha`: yr/EUR; `beta`: 1.

    Source: Gordon & Loeb (2002), class I: z* = ((v beta alpha L)^(1 / (beta + 1)) - 1) / alpha.
    """
    first_euro = alpha * beta * exposure
    if first_euro <= 1.0:
        return 0.0
    return (math.pow(first_euro, 1.0 / (beta + 1.0)) - 1.0) / alpha


def spending_bound(exposure: float) -> float:
    """Return the most that any optimum of Gordon and Loeb's classes spends: 1/e of the expected loss, EUR/yr."""
    return exposure / math.e


def hazard_after(rate: float, spending: float, alpha: float, beta: float) -> float:
    """Return the hazard of a breach that is left after spending, 1/yr: rate / (alpha z + 1)^beta.

    Args:
        rate: hazard without spending, 1/yr; `spending`: EUR/yr; `alpha`: yr/EUR; `beta`: 1.
    """
    return rate / math.pow(alpha * spending + 1.0, beta)
