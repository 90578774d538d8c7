"""Declared inputs of collaboration contracts."""

from dataclasses import dataclass

from model.parameters import declare


@dataclass(frozen=True, kw_only=True)
class DataContract:
    """A contract under which `provider` shares a data asset with `partner`."""

    name: str
    provider: str
    partner: str
    mode: str = declare(
        "vertical",
        unit="",
        choices=("vertical",),
        role="lever",
        note="what this version offers",
        doc="Who may contract with whom: a supplier with its customer.",
    )
    variant: str = declare(
        "raw",
        unit="",
        choices=("raw",),
        role="lever",
        note="what this version offers",
        doc="How the data are prepared before they leave the provider.",
    )
    asset: str = declare(
        "plan",
        unit="",
        choices=("plan",),
        role="lever",
        note="what this version offers",
        doc="What is shared: the production plan as expected load.",
    )
    resolution: int = declare(
        1,
        unit="h",
        bounds=(1, 24),
        role="lever",
        note="as planned",
        doc="Hours per shared value; 24 shares the day's total only. Divides 24.",
    )
    noise_sd: float = declare(
        0.0,
        unit="MW",
        bounds=(0, float("inf")),
        role="uncertainty",
        note="raw data",
        doc="Announced sd of independent noise on each shared value; .inf shares nothing.",
    )
    fee: float = declare(
        0.0,
        unit="EUR/yr",
        bounds=(0, 1e9),
        role="lever",
        note="agreed between the parties",
        doc="Paid by the partner to the provider.",
    )
    interface_cost: float = declare(
        60_000.0,
        unit="EUR/yr",
        bounds=(0, 1e9),
        role="uncertainty",
        note="half a person and licences",
        doc="Running the interface, both sides.",
    )
    provider_share: float = declare(
        0.5,
        unit="1",
        bounds=(0, 1),
        role="lever",
        note="each runs its own side",
        doc="Part of the interface cost that the provider bears.",
    )
    breach_rate: float = declare(
        0.0976,
        unit="1/yr",
        bounds=(0, 100),
        role="uncertainty",
        source="iris_2025",
        doc="Breaches a year at the holder of the extra copy; published for whole organisations, so rather high.",
    )
    breach_median: float = declare(
        20_000.0,
        unit="EUR",
        bounds=(0, 1e12),
        role="uncertainty",
        note="severity belongs to the asset: a plan, not the whole firm",
        doc="Median loss of the provider when the shared asset leaks.",
    )
    breach_sigma: float = declare(
        2.0,
        unit="1",
        bounds=(0, 5),
        role="uncertainty",
        note="low end of 2.0 to 2.6, which a published median (Romanosky 2016) and a published mean together imply",
        doc="Standard deviation of the log loss.",
    )
