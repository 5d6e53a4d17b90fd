"""The database: tables, migrations and the questions asked of them, a module for each of the product's words.

Every function takes the session of a transaction: `with store.write_session() as session: chats.add(session, …)`.
"""

from pipeline.store.engine import Store as Store
from pipeline.store.migrate import open_store as open_store
