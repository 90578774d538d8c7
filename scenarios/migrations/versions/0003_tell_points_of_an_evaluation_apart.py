"""Tell the points of several sweeps, influences and waterfalls apart.

Revision: 0003
After: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("strategy", sa.Column("part", sa.String(length=200), nullable=False, server_default=""))
    op.add_column("strategy", sa.Column("point", sa.String(length=400), nullable=False, server_default=""))
    op.execute("update strategy set part = 'break_even' where sweep_value is not null")


def downgrade() -> None:
    op.drop_column("strategy", "point")
    op.drop_column("strategy", "part")
