"""How much is shared, how old it is, and how clean a record is after each stage of the pipeline."""

from model.outcomes.declaration import Outcome

RECORDS: tuple[Outcome, ...] = (
    Outcome(
        "data_volume",
        "Volume of shared data",
        "MB/yr",
        "none",
        "diagnostic",
        "Values at 16 bytes each, and text as it is written.",
        per_party=True,
    ),
    Outcome(
        "data_age",
        "Age of shared data",
        "h",
        "lower",
        "diagnostic",
        "Mean time from the newest fact in a record to the middle of the day it is used for.",
        per_party=True,
    ),
    Outcome(
        "records_usable",
        "Records that arrive in time",
        "1",
        "higher",
        "diagnostic",
        "Share of days on which the record reached its partner before the gate.",
        per_party=True,
    ),
    *(
        Outcome(
            f"record_noise_{stage}",
            f"Error of the record, {words}",
            "MW",
            "lower",
            "diagnostic",
            f"Root mean square error against the clean record, a missing hour read as 0 MW, {words}.",
            per_party=True,
        )
        for stage, words in (
            ("soiled", "as it comes in"),
            ("cleaned", "after cleaning"),
            ("integrated", "after integration"),
            ("transformed", "after transformation"),
        )
    ),
)
"""Volume, age and errors of shared records."""
