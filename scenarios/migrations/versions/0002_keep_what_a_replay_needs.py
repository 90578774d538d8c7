"""Keep what a replay needs: the user's own data by digest, and the parameters that each model declared.

Revision: 0002
After: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "declaration",
        sa.Column("model_version", sa.String(length=64), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("model_version", name=op.f("pk_declaration")),
    )
    op.create_table(
        "own_data",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_own_data")),
    )


def downgrade() -> None:
    op.drop_table("own_data")
    op.drop_table("declaration")
