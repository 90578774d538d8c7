"""Tables of the results store, as of the newest migration.

A study is what was asked; an execution is one call of the program; a run is one strategy in one
random future. A run's result is held once: `result_run_id` names the run that holds it.
"""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
STATUSES = ("pending", "running", "done", "failed")

metadata = MetaData(naming_convention=NAMING)

outcome = Table(
    "outcome", metadata,
    Column("name", String(64), primary_key=True),
    Column("title", Text, nullable=False),
    Column("unit", String(32), nullable=False),
    Column("direction", String(8), nullable=False),
    Column("family", String(16), nullable=False),
    Column("component_of", String(64), nullable=False),
    Column("description", Text, nullable=False),
)  # fmt: skip
"""Unit and meaning of every outcome in `run_metric`, as declared by the newest model that wrote here."""

study = Table(
    "study", metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("title", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("baseline", String(200), nullable=False),
    Column("seed", String(40), nullable=False),
    Column("replications", Integer, nullable=False),
    Column("evaluation", Text, nullable=False),
    Column("identity", String(64), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("superseded_by", Integer, ForeignKey("study.id")),
    Index(None, "name"),
    Index(None, "identity"),
)  # fmt: skip

strategy = Table(
    "strategy", metadata,
    Column("id", Integer, primary_key=True),
    Column("study_id", Integer, ForeignKey("study.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("name", String(200), nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("sweep_value", Float),
    Column("part", String(200), nullable=False, server_default=""),
    Column("point", String(400), nullable=False, server_default=""),
    Column("inputs", Text, nullable=False),
    Column("inputs_hash", String(64), nullable=False),
    UniqueConstraint("study_id", "position"),
)  # fmt: skip
"""Strategies of a study, and the points of its evaluation: `part` is empty for a strategy, else names the break-even
sweep, influence or waterfall (`break_even/NAME`, ...), `point` the configuration; a sweep has its `sweep_value` too."""

execution = Table(
    "execution", metadata,
    Column("id", Integer, primary_key=True),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("code_version", String(64), nullable=False),
    Column("model_version", String(64), nullable=False),
    Column("git_commit", String(64)),
    Column("git_dirty", Boolean),
    Column("packages", Text, nullable=False),
    Column("machine", Text, nullable=False),
    Column("streams", Text, nullable=False),
)  # fmt: skip

run = Table(
    "run", metadata,
    Column("id", Integer, primary_key=True),
    Column("strategy_id", Integer, ForeignKey("strategy.id"), nullable=False),
    Column("replication", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("seed", String(40), nullable=False),
    Column("inputs_hash", String(64), nullable=False),
    Column("model_version", String(64), nullable=False),
    Column("keep_hours", Boolean, nullable=False),
    Column("status", String(8), nullable=False),
    Column("superseded", Boolean, nullable=False),
    Column("execution_id", Integer, ForeignKey("execution.id")),
    Column("result_run_id", Integer, ForeignKey("run.id")),
    Column("finished_at", DateTime(timezone=True)),
    Column("seconds", Float),
    Column("result_hash", String(64)),
    Column("error", Text),
    UniqueConstraint("strategy_id", "replication", "attempt"),
    CheckConstraint("status in ('pending', 'running', 'done', 'failed')", name="status"),
    Index(None, "inputs_hash", "seed", "replication"),
    Index(None, "status"),
)  # fmt: skip
"""Runs; a second attempt supersedes the first, and nothing is deleted."""

run_metric = Table(
    "run_metric", metadata,
    Column("run_id", Integer, ForeignKey("run.id"), primary_key=True),
    Column("outcome", String(64), ForeignKey("outcome.name"), primary_key=True),
    Column("party", String(200), primary_key=True),
    Column("value", Float(53), nullable=False),
)  # fmt: skip

run_series = Table(
    "run_series", metadata,
    Column("run_id", Integer, ForeignKey("run.id"), primary_key=True),
    Column("payload", LargeBinary, nullable=False),
    Column("series_hash", String(64), nullable=False),
)  # fmt: skip
"""Hourly series of a run: one Arrow IPC stream compressed with zstd, a float64 column a series, days x 24 rows."""

run_loss = Table(
    "run_loss", metadata,
    Column("run_id", Integer, ForeignKey("run.id"), primary_key=True),
    Column("payload", LargeBinary, nullable=False),
    Column("loss_hash", String(64), nullable=False),
)  # fmt: skip
"""Nested loss-years of a strategy's run, packed by `scenarios.store.losses`; a run that has none has an empty pack."""

transfer = Table(
    "transfer", metadata,
    Column("run_id", Integer, ForeignKey("run.id"), primary_key=True),
    Column("payer", String(200), primary_key=True),
    Column("payee", String(200), primary_key=True),
    Column("kind", String(64), primary_key=True),
    Column("value", Float(53), nullable=False),
)  # fmt: skip
"""Who pays whom for what, EUR per year."""

declaration = Table(
    "declaration", metadata,
    Column("model_version", String(64), primary_key=True),
    Column("parameters", Text, nullable=False),
)  # fmt: skip
"""What each version of the model declared: parameter -> kind, unit and default, as JSON (scenarios.rebuild)."""

own_data = Table(
    "own_data", metadata,
    Column("digest", String(64), primary_key=True),
    Column("payload", LargeBinary, nullable=False),
)  # fmt: skip
"""The user's own series and tables that runs read, by the sha256 under which the stored inputs name them."""
