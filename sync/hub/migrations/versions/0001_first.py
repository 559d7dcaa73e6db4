"""The first tables: the hub, teams, senders' chain heads, audience sets, envelopes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "hub",
        sa.Column("only", sa.SmallInteger, autoincrement=False, nullable=False),
        sa.Column("public_key", sa.LargeBinary(32), nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("only", name="pk_hub"),
    )
    op.create_table(
        "teams",
        sa.Column("team", sa.LargeBinary(8), nullable=False),
        sa.Column("head", sa.BigInteger, nullable=False),
        sa.Column("log", sa.LargeBinary, nullable=False),
        sa.Column("log_revision", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("team", name="pk_teams"),
    )
    op.create_table(
        "senders",
        sa.Column("team", sa.LargeBinary(8), nullable=False),
        sa.Column("sender", sa.LargeBinary(8), nullable=False),
        sa.Column("member", sa.LargeBinary(8), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("chain_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("team", "sender", name="pk_senders"),
        sa.ForeignKeyConstraint(["team"], ["teams.team"], name="fk_senders_teams"),
    )
    op.create_index("ix_senders_team_member", "senders", ["team", "member"])
    op.create_table(
        "audience_sets",
        sa.Column("team", sa.LargeBinary(8), nullable=False),
        sa.Column("audience_set", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("names", sa.String(1024), nullable=False),
        sa.PrimaryKeyConstraint("team", "audience_set", name="pk_audience_sets"),
        sa.UniqueConstraint("team", "names", name="uq_audience_sets_team_names"),
        sa.ForeignKeyConstraint(["team"], ["teams.team"], name="fk_audience_sets_teams"),
    )
    op.create_table(
        "envelopes",
        sa.Column("team", sa.LargeBinary(8), nullable=False),
        sa.Column("position", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("sender", sa.LargeBinary(8), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("chain_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("audience_set", sa.Integer, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("team", "position", name="pk_envelopes"),
        sa.UniqueConstraint("team", "sender", "number", name="uq_envelopes_team_sender_number"),
        sa.ForeignKeyConstraint(
            ["team", "sender"], ["senders.team", "senders.sender"], name="fk_envelopes_senders"
        ),
        sa.ForeignKeyConstraint(
            ["team", "audience_set"],
            ["audience_sets.team", "audience_sets.audience_set"],
            name="fk_envelopes_audience_sets",
        ),
    )


def downgrade() -> None:
    """Back to nothing."""
    for table in ("envelopes", "audience_sets", "senders", "teams", "hub"):
        op.drop_table(table)
