"""Declared inputs of a firm's records: how dirty they are, what a platform does to them, what its crews write down."""

from dataclasses import dataclass

from model.parameters import declare


@dataclass(frozen=True, kw_only=True)
class Records:
    """Quality of the records that a firm sends; at the defaults they are clean."""

    gap_rate: float = declare(
        0.0,
        unit="1",
        bounds=(0, 1),
        role="uncertainty",
        note="clean unless a study says otherwise; .01 is plausible for industrial telemetry (range 0 to .05)",
        doc="Share of hours that are missing from a record.",
    )
    mixup_rate: float = declare(
        0.0,
        unit="1",
        bounds=(0, 1),
        role="uncertainty",
        note="clean unless a study says otherwise; .005, about two days a year, is plausible (range 0 to .05)",
        doc="Share of days whose record is in kW instead of MW.",
    )
    shift_rate: float = declare(
        0.0,
        unit="1",
        bounds=(0, 1),
        role="uncertainty",
        note="clean unless a study says otherwise; .01 is plausible, most after changes of the clock (range 0 to .1)",
        doc="Share of days whose record is stamped in UTC instead of local time.",
    )
    stale_rate: float = declare(
        0.0,
        unit="1",
        bounds=(0, 1),
        role="uncertainty",
        note="clean unless a study says otherwise; .01, failed exports, is plausible (range 0 to .05)",
        doc="Share of days on which the record of the day before is sent again.",
    )
    label_rate: float = declare(
        0.0,
        unit="1",
        bounds=(0, 1),
        role="uncertainty",
        note="clean unless a study says otherwise; .1 is plausible for files exported by hand (range 0 to 1)",
        doc="Share of days whose record lacks its time-zone label, so that the receiver must infer it.",
    )
    code_sd: float = declare(
        0.0,
        unit="MW",
        bounds=(0, 1e6),
        role="uncertainty",
        note="common codes unless a study says otherwise; 0 to 5 MW where product codes stand for different loads",
        doc="Standard deviation of the error that an untranslated site-specific code leaves in an hour.",
    )

    sensitivity: float = declare(
        1.0,
        unit="1",
        bounds=(0, 1e6),
        role="uncertainty",
        note="as the contract says; a small firm's records matter less to its rivals than a large one's",
        doc="Loss by a leak of this firm's records over what the contract says.",
    )


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """The stages that a shared record passes before it is used; each may be switched off."""

    cleaning: bool = declare(
        True,
        unit="",
        role="lever",
        note="a receiver that shares data at all checks them",
        doc="Whether units, repeated records, impossible values and spelling are put right.",
    )
    integration: bool = declare(
        True,
        unit="",
        role="lever",
        note="what a data platform is built for",
        doc="Whether time zones, site-specific codes and crews' words are brought to a common standard.",
    )
    transformation: bool = declare(
        True,
        unit="",
        role="lever",
        note="a missing hour is no load of zero",
        doc="Whether gaps are filled from the receiver's own forecast; without it a gap is read as 0 MW.",
    )
    mining: bool = declare(
        True,
        unit="",
        role="lever",
        note="used where maintenance logs are shared",
        doc="Whether breakdowns are predicted from maintenance logs; without it only their base rate is known.",
    )
    analysis: bool = declare(
        True,
        unit="",
        role="lever",
        note="the receiver learns from what came true",
        doc="Whether the receiver learns how far to trust a record; without it every record is taken at its word.",
    )
    application: bool = declare(
        True,
        unit="",
        role="lever",
        note="a forecast that nobody uses is worth nothing",
        doc="Whether nomination, scheduling and maintenance use what the earlier stages found.",
    )


@dataclass(frozen=True, kw_only=True)
class Logs:
    """What the crews of a works write into the maintenance log; three crews a day, one in each shift."""

    entries: float = declare(
        2.0,
        unit="1/shift",
        bounds=(0, 8),
        role="uncertainty",
        note="inspection rounds, changes, hand-over; range 1 to 5",
        doc="Mean number of routine entries.",
    )
    symptom_rate_healthy: float = declare(
        0.05,
        unit="1/shift",
        bounds=(0, 8),
        role="uncertainty",
        note="one note of trouble a week from sound equipment; range .01 to .2",
        doc="Mean number of symptom entries while the equipment is sound.",
    )
    symptom_rate_worn: float = declare(
        0.3,
        unit="1/shift",
        bounds=(0, 8),
        role="uncertainty",
        note="about one note of trouble a day from worn equipment; range .1 to 1",
        doc="Mean number of symptom entries while the equipment is worn.",
    )
    code_share: float = declare(
        0.25,
        unit="1",
        bounds=(0, 1),
        role="uncertainty",
        note="crews quote the panel's alarm number; range 0 to .6",
        doc="Share of symptom entries that name a site-specific alarm code instead of the symptom.",
    )
    typo_rate: float = declare(
        0.1,
        unit="1",
        bounds=(0, 1),
        role="uncertainty",
        note="typed on a shop floor; range .02 to .3",
        doc="Share of entries with a mistyped word.",
    )
    window: int = declare(
        5,
        unit="day",
        bounds=(1, 60),
        role="lever",
        note="long enough for several notes, short against the weeks that wear lasts",
        doc="Days of log over which the predictor of breakdowns counts symptoms.",
    )
