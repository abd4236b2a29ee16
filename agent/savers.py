"""Where LangGraph keeps threads: a SQLite file beside the workspace's, or the workspace's PostgreSQL database."""

import asyncio
from typing import Any, Protocol

import aiosqlite
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from sqlalchemy import make_url

from trainer_core.projects import Workspace

FILE = "threads.db"
_SETTING_UP = 0x51DE  # the advisory lock under which one process at a time makes the tables


class _Connection(Protocol):
    async def close(self) -> None: ...


Kept = tuple[BaseCheckpointSaver, _Connection]


async def open_saver(workspace: Workspace) -> Kept:
    """The saver and its connection, which the caller closes."""
    serde = JsonPlusSerializer(allowed_msgpack_modules=None)  # nothing but plain data is made from what was stored
    if make_url(workspace.database_url).get_backend_name() == "postgresql":
        return await _postgres(workspace, serde)
    connection = await aiosqlite.connect(workspace.home / FILE)
    saver = AsyncSqliteSaver(connection, serde=serde)
    await saver.setup()
    await connection.execute("PRAGMA busy_timeout=15000")
    await connection.execute("PRAGMA synchronous=NORMAL")  # with WAL: outlives a crash of ours, waits for no disk
    return saver, connection


async def _postgres(workspace: Workspace, serde: JsonPlusSerializer) -> tuple[BaseCheckpointSaver, Any]:
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver  # of the extra "postgres": see Workspace.open
    from psycopg import AsyncConnection
    from psycopg.rows import dict_row

    url = make_url(workspace.database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection: Any = await AsyncConnection.connect(url, autocommit=True, prepare_threshold=0, row_factory=dict_row)
    saver = AsyncPostgresSaver(connection, serde=serde)
    while not (await _value(connection, "SELECT pg_try_advisory_lock(%s) AS value")):
        await asyncio.sleep(0.05)  # a blocked query would hold up the other's CREATE INDEX CONCURRENTLY for ever
    try:
        await saver.setup()
    finally:
        await _value(connection, "SELECT pg_advisory_unlock(%s) AS value")
    return saver, connection


async def _value(connection: Any, query: str) -> bool:
    cursor = await connection.execute(query, (_SETTING_UP,))
    return bool((await cursor.fetchone())["value"])
