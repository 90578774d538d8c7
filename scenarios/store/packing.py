"""Tables as the store keeps them: one Arrow stream compressed with zstd."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def pack_table(table: pa.Table) -> bytes:
    """Return a table, its metadata included, as one Arrow stream compressed with zstd."""
    import pyarrow as pa

    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return sink.getvalue()


def unpack_table(payload: bytes) -> pa.Table:
    """Return the table of `pack_table`."""
    import pyarrow as pa

    with pa.ipc.open_stream(payload) as reader:
        return reader.read_all()
