"""The database: its tables, its migrations, and a module of queries for each of the product's nouns.

Each function takes the session of a transaction: `with store.write_session() as session: chats.add(session, …)`.
"""

from pipeline.store.engine import Store as Store
from pipeline.store.migrate import open_store as open_store
