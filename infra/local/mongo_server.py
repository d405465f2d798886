"""The local MongoDB: nx-27017, which speaks MongoDB's wire protocol over SQLite files.

    python -m infra.local.mongo_server --port 0 --data .arena/mongo

It keeps acknowledged writes through kill -9. It is not MongoDB: the adapters keep to the operations
that both answer alike, and only a run against a real server proves the rest.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

# nx-27017 sets up logging while it is imported; a line for every command would drown stderr.
logging.basicConfig(level=logging.ERROR)

from nx_27017.handler import NeoSQLiteHandler  # noqa: E402 - after the log level, see above
from nx_27017.server import handle_client  # noqa: E402 - after the log level, see above

from infra.local.endpoint_lifetime import announce, endpoint_arguments, run_endpoint  # noqa: E402 - as above


async def serve_mongo(stopping: asyncio.Event, *, data_dir: Path, port: int) -> None:
    """Answer MongoDB clients on loopback until `stopping` is set; one SQLite file per database.

    Raises OSError when the port is taken or the directory cannot be written.
    """
    handler = NeoSQLiteHandler(data_dir=str(data_dir))

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await handle_client(reader, writer, handler)

    # nx-27017's own run_server hides the socket, and with it the port that 0 became.
    server = await asyncio.start_server(answer, "127.0.0.1", port)
    announce("mongo_server", f"mongodb://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    await stopping.wait()
    server.close()
    handler.close_all()


def main() -> None:
    """Serve until told to stop."""
    parser = endpoint_arguments("The local MongoDB stand-in (nx-27017)")
    parser.add_argument("--data", type=Path, required=True, help="directory of the database files")
    options = parser.parse_args()
    for name in ("", "nx_27017", "neosqlite"):
        logging.getLogger(name).setLevel(logging.ERROR)
    run_endpoint(
        lambda stopping: serve_mongo(stopping, data_dir=options.data, port=options.port),
        exits_with_parent=options.exit_with_parent,
    )


if __name__ == "__main__":
    main()
