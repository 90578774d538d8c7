"""Keep the nested loss-years of runs.

Revision: 0004
After: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "run_loss",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("loss_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_run_loss_run_id_run")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_run_loss")),
    )


def downgrade() -> None:
    op.drop_table("run_loss")
