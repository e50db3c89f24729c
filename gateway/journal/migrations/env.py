# SPDX-License-Identifier: GPL-3.0-or-later
"""How alembic runs our migrations: always inside a transaction the journal hands over, all of them or none."""

from alembic import context

from gateway.journal.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
