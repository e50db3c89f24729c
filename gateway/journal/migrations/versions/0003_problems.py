# SPDX-License-Identifier: GPL-3.0-or-later
"""How many letters of a partner were not as the standard wants them, by what was wrong and by month."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "problems",
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("letters", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("partner", "code", "month"),
    )
