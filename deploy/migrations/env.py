"""Runs the migrations as the owner role, each in its own transaction."""

from alembic import context
from sqlalchemy import create_engine, pool

from services.tables import metadata

url = context.config.attributes.get("url") or context.config.get_main_option("sqlalchemy.url")
engine = create_engine(url, poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
