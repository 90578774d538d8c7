"""Nested loss-years as the store keeps them: most years are without a loss, so only the others are written.

They are stored, not drawn again by whoever reads them. A draw is a pure function of inputs and seed, but it needs the
shares of the data that the run turned out to reveal, its prices and the very version of the model that ran: a reader
would have to run the model, and an older store could no longer be read at all. Float32 halves the pack at an error of
1e-7; hash and replay are of these float32 values. They have a hash of their own, so that a run's result hash is the
same whether its losses are kept (strategies) or not (points of an evaluation).
"""

import json
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from scenarios.provenance import series_hash
from scenarios.store.packing import pack_table, unpack_table

type Losses = Mapping[str, NDArray[np.float32]]


def loss_hash(losses: Losses) -> str:
    """Return the sha256 over every bit of the losses of a run, independent of their order."""
    return series_hash({name: years.astype(np.float64) for name, years in losses.items()})


def pack_losses(losses: Losses) -> bytes:
    """Return losses, shape (years,) each, as one Arrow stream compressed with zstd: series, year and value."""
    import pyarrow as pa

    rows = [np.flatnonzero(years) for years in losses.values()]
    values = [years[found] for years, found in zip(losses.values(), rows, strict=True)]
    table = pa.table({
        "series": np.repeat(np.arange(len(losses), dtype=np.int16), [found.size for found in rows]),
        "year": np.concatenate([np.zeros(0, np.int64), *rows]).astype(np.int32),
        "value": np.concatenate([np.zeros(0, np.float32), *values]),
    })  # fmt: skip
    sizes = [[name, years.size] for name, years in losses.items()]
    table = table.replace_schema_metadata({"series": json.dumps(sizes, ensure_ascii=False)})
    return pack_table(table)


def unpack_losses(payload: bytes) -> dict[str, NDArray[np.float32]]:
    """Return the losses of `pack_losses`, shape (years,) each."""
    table = unpack_table(payload)
    series, year, value = (table.column(name).to_numpy() for name in ("series", "year", "value"))
    losses = {}
    for number, (name, years) in enumerate(json.loads(table.schema.metadata[b"series"])):
        found = series == number
        losses[name] = np.zeros(years, np.float32)
        losses[name][year[found]] = value[found]
    return losses
