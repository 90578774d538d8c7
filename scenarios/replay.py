"""A stored run, done again from the store alone, and compared: bit for bit, or what differs and by how much."""

import json
import re
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from zlib import decompress

import numpy as np
from numpy.typing import NDArray

from model.errors import Fault, InputError, RunError, TandemError, nearest
from model.inputs import ModelInputs, OwnSeries
from model.outcomes import OUTCOME
from scenarios.executors import executor, stop
from scenarios.provenance import STREAMS_NOTE, Execution, execution, model_version, result_hash, series_hash, sha256
from scenarios.rebuild import Departure, Rebuilt, is_own_table, rebuild, unpack_values
from scenarios.run import RunResult, run_once
from scenarios.spec_sections import MAX_REPLICATIONS
from scenarios.store import Records, RunRecord
from scenarios.store.losses import loss_hash

SAME, DIFFERS, ALTERED = "identical", "differs", "altered"
FAILS_ALIKE, FAILS_OTHERWISE, FAILS_NOW, SUCCEEDS_NOW = "fails alike", "fails otherwise", "fails now", "succeeds now"
_REPRODUCED = frozenset({SAME, FAILS_ALIKE})
_NOT_RECORDED = "not recorded"
_DIED = "the worker process died"
_LAST_FRAME = re.compile(r'.*^  File "[^\n]*\n(?:    [^\n]*\n)*', re.DOTALL | re.MULTILINE)
_FORM = "a run is its number, or STUDY/STRATEGY/REPLICATION such as steel-and-power/raw/3"


@dataclass(frozen=True)
class Change:
    """Something about code, packages or machine that is not as it was; texts, as they are shown."""

    what: str
    then: str
    now: str


@dataclass(frozen=True)
class ValueChange:
    """A stored value that the replay does not reproduce.

    Attributes:
        key: (outcome, party), or (payer, payee, kind) of a transfer.
        unit: unit of the values.
        stored: the value then, None if there was none.
        replayed: the value now, None if there is none.
        difference: replayed - stored, None if one is missing.
        relative: difference over the size of the stored value, None if that is zero or missing.
    """

    key: tuple[str, ...]
    unit: str
    stored: float | None
    replayed: float | None
    difference: float | None
    relative: float | None


@dataclass(frozen=True)
class SeriesChange:
    """An hourly series that the replay does not reproduce.

    Attributes:
        name: name of the series.
        hours: how many hours differ; None if the series is missing on one side or has another length.
        largest: largest absolute difference, in the unit of the series.
        first: (day, hour) of the first difference, from 0.
    """

    name: str
    hours: int | None
    largest: float | None
    first: tuple[int, int] | None


@dataclass(frozen=True)
class LossChange:
    """Nested loss-years that the replay does not reproduce.

    Attributes:
        name: the owning party, or `fine/HOLDER`.
        years: how many years differ; None if they are missing on one side or are another number.
        largest: largest absolute difference, EUR.
    """

    name: str
    years: int | None
    largest: float | None


@dataclass(frozen=True)
class Replay:
    """What came of doing a run again.

    Attributes:
        record: the run as stored.
        environment: what about code, packages and machine is not as it was.
        departures: parameters that one of the two versions does not know.
        verdict: identical; differs; altered (the stored hash is reproduced, but stored values are not: they
            were changed after the run); fails alike; fails otherwise; fails now; succeeds now.
        replayed_hash: sha256 over the result now, None if it failed.
        seconds: computing time now, None if it failed.
        outcomes: outcomes that differ.
        transfers: transfers that differ.
        series: hourly series that differ; only kept ones are compared.
        losses: nested loss-years that differ; only kept ones are compared.
        compared: how many outcomes, transfers, series and sets of loss-years were compared.
        error: what the replay failed with, None if it did not.
    """

    record: RunRecord
    environment: tuple[Change, ...]
    departures: tuple[Departure, ...]
    verdict: str = ""
    replayed_hash: str | None = None
    seconds: float | None = None
    outcomes: tuple[ValueChange, ...] = ()
    transfers: tuple[ValueChange, ...] = ()
    series: tuple[SeriesChange, ...] = ()
    losses: tuple[LossChange, ...] = ()
    compared: dict[str, int] = field(default_factory=dict)
    error: str | None = None

    @property
    def reproduced(self) -> bool:
        """Whether the replay did what the run had done: the same result, or the same failure."""
        return self.verdict in _REPRODUCED


# --- which run ---------------------------------------------------------------------------------------


def find_run(store: Records, text: str) -> RunRecord:
    """Return the run that a user names: by its number, or as STUDY/STRATEGY/REPLICATION.

    Raises:
        InputError: if there is no such run, naming the nearest, or it has not been computed.
    """
    found = _by_number(store, text) if text.isdecimal() else _by_place(store, text)
    if found.status not in ("done", "failed"):
        what = f"run {found.id}, {found.label}, has not been computed"
        raise InputError([Fault("RUN", what, f"tandem run {found.study} does it")])
    return found


def _by_number(store: Records, text: str) -> RunRecord:
    count = store.run_count()
    wanted = int(text)
    found = store.run_record(wanted) if wanted <= count else None
    if found is None:
        allowed = f"this store holds runs 1 to {count}; tandem runs lists them" if count else "this store is empty"
        raise InputError([Fault("RUN", f"no run {text}", allowed)])
    return found


def _by_place(store: Records, text: str) -> RunRecord:
    parts = text.rsplit("/", 2)
    if len(parts) < len(("study", "strategy", "replication")) or not all(parts):
        raise InputError([Fault("RUN", f"{text!r} names no run", _FORM)])
    path = Path(parts[0])
    name = path.stem if path.suffix in (".yaml", ".yml") else parts[0]
    _known("study", name, store.study_names(), "this store is empty")
    runs = [one for one in store.all_runs(name) if not one.part]
    _known("strategy", parts[1], list(dict.fromkeys(one.strategy for one in runs)), "")
    mine = {str(one.replication): one for one in runs if one.strategy == parts[1]}
    if parts[2] not in mine:
        last = max(map(int, mine))
        what = f"no replication {parts[2]!r} of {name}/{parts[1]}"
        raise InputError([Fault("RUN", what, f"allowed: 0 to {last}; the nearest is {name}/{parts[1]}/{last}")])
    return mine[parts[2]]


def _known(role: str, name: str, known: Sequence[str], nothing: str) -> None:
    if name not in known:
        allowed = nearest(name, known) or (f"known: {', '.join(known)}" if known else nothing)
        raise InputError([Fault("RUN", f"no {role} {name!r}", allowed)])


# --- doing it again ----------------------------------------------------------------------------------


def replay(store: Records, record: RunRecord) -> Replay:
    """Do a run again, with inputs that come from the store alone, and compare.

    Raises:
        RunError: if the store no longer tells what was asked, or this version cannot ask it.
    """
    if record.seed < 0 or not 0 <= record.replication < MAX_REPLICATIONS:
        msg = f"run {record.id} cannot be replayed: seed {record.seed}, replication {record.replication} are damaged"
        raise RunError(msg)
    holder = record.id if record.result_run_id is None else record.result_run_id
    hourly, losses = store.run_hourly(holder), store.run_losses(holder)
    with tempfile.TemporaryDirectory(prefix="tandem-") as folder:
        try:
            rebuilt, moved = stored_inputs(store, record, Path(folder))
        except TandemError as error:
            msg = f"run {record.id}, {record.label}, cannot be replayed: {error}"
            raise RunError(msg) from error
        outcome = _run_again(rebuilt.inputs, record, keep_hours=bool(hourly), keep_losses=losses is not None)
    environment = changes_since(store.run_execution(holder), record.model_version, execution())
    begun = Replay(record, environment, rebuilt.departures)
    if isinstance(outcome, str):
        for new, old in moved.items():
            outcome = outcome.replace(new, old)
        return _failed(begun, outcome)
    return _compared(begun, store, outcome, (hourly, losses or {}))


def stored_inputs(store: Records, record: RunRecord, folder: Path) -> tuple[Rebuilt, dict[str, str]]:
    """Return the inputs of a run, and where its tables lie now: path -> path under which they are stored.

    Args:
        store: where the run is.
        record: the run.
        folder: receives the user's own tables for the time of the replay.

    Raises:
        RunError: if the store no longer tells what was asked, or this version cannot ask it.
    """
    text = store.run_inputs(record.id)
    if sha256(text) != record.inputs_hash:
        msg = "the stored inputs do not match their hash: the store was changed after the run"
        raise RunError(msg)
    tree = json.loads(text)
    own = {one["name"]: one["digest"] for one in tree.get("own_series", ())}
    files = {name: digest for name, digest in tree.get("user_files", {}).items()
             if name not in own and is_own_table(name)}  # fmt: skip
    payloads = store.own_data([*own.values(), *files.values()])
    places = {name: _laid_out(name, digest, payloads, folder) for name, digest in files.items()}
    rebuilt = rebuild(
        _relocated(tree, places), name=record.strategy, then=store.declaration(record.model_version),
        same_version=record.model_version == model_version(), series=lambda one: _series(one, payloads, tree),
    )  # fmt: skip
    return rebuilt, {new: old for old, new in places.items()}


def _laid_out(name: str, digest: str, payloads: Mapping[str, bytes], folder: Path) -> str:
    """Return where a table of the user's can be read: a copy out of the store, or the file itself if unchanged."""
    if digest not in payloads:
        path = Path(name)
        if not path.is_file() or sha256(path.read_bytes()) != digest:
            raise RunError(_gone(name, digest, there=path.is_file()))
        return name
    content = decompress(payloads[digest])
    if sha256(content) != digest:
        raise RunError(_damaged(name))
    copy = folder / digest[:16] / Path(name).name
    copy.parent.mkdir()
    copy.write_bytes(content)
    return str(copy)


def _series(one: Mapping[str, Any], payloads: Mapping[str, bytes], tree: Mapping[str, Any]) -> OwnSeries:
    """Return an own series with the values that the store holds, or those of its file if unchanged."""
    name, digest = one["name"], one["digest"]
    if digest in payloads:
        values = unpack_values(payloads[digest])
        if sha256(values.tobytes()) != digest:
            raise RunError(_damaged(name))
    else:
        values = _read_series(name, "price" if tree["market"]["price_table"] == name else "load")
        if values is None or sha256(values.tobytes()) != digest:
            raise RunError(_gone(name, digest, there=values is not None))
    return OwnSeries(name=name, first_day=one["first_day"], digest=digest, values=values)


def _read_series(name: str, kind: Any) -> NDArray[np.float64] | None:
    from scenarios.series_files import read_series

    return read_series(name, kind).values if Path(name).is_file() else None


def _gone(name: str, digest: str, *, there: bool) -> str:
    state = "has other content now" if there else "is not there"
    return f"it read {name}, of which the store holds only the sha256 {digest}; the file {state}: put it back as it was"


def _damaged(name: str) -> str:
    return f"the store's copy of {name} does not match its hash: the store was changed after the run"


def _relocated(tree: Any, places: Mapping[str, str]) -> Any:
    """Return a tree whose `..._table` parameters name the tables where they lie now."""
    if isinstance(tree, dict):
        return {key: places.get(value, value) if key.endswith("_table") and isinstance(value, str)
                else _relocated(value, places) for key, value in tree.items()}  # fmt: skip
    return [_relocated(item, places) for item in tree] if isinstance(tree, list) else tree


def _run_again(inputs: ModelInputs, record: RunRecord, *, keep_hours: bool, keep_losses: bool) -> RunResult | str:
    """Return the result, or the traceback of the failure; what killed a worker then is given one of its own."""
    pool = executor("processes" if (record.error or "").startswith(_DIED) else "serial")
    try:
        again = partial(run_once, keep_hours=keep_hours, keep_losses=keep_losses)
        return pool.submit(again, inputs, record.seed, record.replication).result()
    except BrokenExecutor:
        return _DIED
    except Exception:  # whatever a run fails with is its result
        return traceback.format_exc()
    finally:
        stop(pool)


# --- comparing ---------------------------------------------------------------------------------------


def changes_since(then: Mapping[str, Any] | None, model_then: str, here: Execution) -> tuple[Change, ...]:
    """Return what about code, packages, machine and random streams is not as it was.

    Args:
        then: the stored execution, None where the store does not say.
        model_then: version of the model that ran.
        here: software and machine of this process.
    """
    changes = [Change("model sources and tables", model_then, here.model_version)]
    if then is None:
        changes.append(Change("packages and machine", _NOT_RECORDED, ""))
    else:
        changes += [
            Change("code version", then["code_version"], here.code_version),
            Change("git commit", _shown(then["git_commit"]), _shown(here.git_commit)),
            Change("uncommitted changes", _shown(then["git_dirty"]), _shown(here.git_dirty)),
            *_mapping_changes("package", then["packages"], here.packages),
            *_mapping_changes("machine:", then["machine"], here.machine),
            Change("random streams", then["streams"], STREAMS_NOTE),
        ]
    return tuple(change for change in changes if change.then != change.now)


def _mapping_changes(what: str, then: Mapping[str, str], now: Mapping[str, str]) -> list[Change]:
    names = dict.fromkeys([*then, *now])
    return [Change(f"{what} {name}", then.get(name, _NOT_RECORDED), now.get(name, _NOT_RECORDED)) for name in names]


def _shown(value: bool | str | None) -> str:
    return {None: "no checkout", True: "yes", False: "no"}.get(value, str(value))  # type: ignore[arg-type]


def value_changes[K: tuple[str, ...]](
    stored: Mapping[K, float], replayed: Mapping[K, float], units: Mapping[str, str] | None = None
) -> tuple[ValueChange, ...]:
    """Return every value that differs in any bit or is missing on one side, the relatively largest first.

    Args:
        stored: key -> value then.
        replayed: key -> value now.
        units: first part of the key -> unit; EUR/yr for all if None.
    """
    changes = []
    for key in sorted({*stored, *replayed}):
        old, new = stored.get(key), replayed.get(key)
        if old == new:
            continue
        difference = None if old is None or new is None else new - old
        relative = difference / abs(old) if difference is not None and old else None
        unit = "EUR/yr" if units is None else units.get(key[0], "")
        changes.append(ValueChange(key, unit, old, new, difference, relative))
    return tuple(sorted(changes, key=lambda one: -abs(one.relative) if one.relative is not None else -np.inf))


def series_changes(
    stored: Mapping[str, NDArray[np.float64]], replayed: Mapping[str, NDArray[np.float64]]
) -> tuple[SeriesChange, ...]:
    """Return every hourly series that differs in any bit, shape (days, 24) each."""
    changes = []
    for name in sorted({*stored, *replayed}):
        old, new = stored.get(name), replayed.get(name)
        if old is None or new is None or old.shape != new.shape:
            changes.append(SeriesChange(name, None, None, None))
        elif series_hash({name: old}) != series_hash({name: new}):
            apart = (old != new) & ~(np.isnan(old) & np.isnan(new))
            day, hour = np.argwhere(apart)[0] if apart.any() else (0, 0)
            largest = float(np.abs(new - old)[apart].max()) if apart.any() else 0.0
            changes.append(SeriesChange(name, int(apart.sum()), largest, (int(day), int(hour))))
    return tuple(changes)


def loss_changes(
    stored: Mapping[str, NDArray[np.float32]], replayed: Mapping[str, NDArray[np.float32]]
) -> tuple[LossChange, ...]:
    """Return all loss-years that differ in any bit, shape (years,) each."""
    changes = []
    for name in sorted({*stored, *replayed}):
        old, new = stored.get(name), replayed.get(name)
        if old is None or new is None or old.shape != new.shape:
            changes.append(LossChange(name, None, None))
        elif (old != new).any():
            changes.append(LossChange(name, int((old != new).sum()), float(np.abs(new - old).max())))
    return tuple(changes)


def failure(error: str) -> str:
    """Return what a traceback ends with: the exception and its message, without the frames."""
    return _LAST_FRAME.sub("", error.rstrip() + "\n", count=1).strip()


def _failed(begun: Replay, error: str) -> Replay:
    """Return the replay of a run that fails now."""
    verdict = FAILS_NOW
    if begun.record.status == "failed":
        then, now = failure(begun.record.error or ""), failure(error)
        verdict = FAILS_ALIKE if then == now or (now == _DIED and then.startswith(_DIED)) else FAILS_OTHERWISE
    return replace(begun, verdict=verdict, error=error)


def _compared(
    begun: Replay, store: Records, result: RunResult,
    kept: tuple[Mapping[str, NDArray[np.float64]], Mapping[str, NDArray[np.float32]]],
) -> Replay:  # fmt: skip
    """Return the replay of a run that comes to its end now; `kept`: its hourly series and loss-years."""
    digest = result_hash(result.metrics, result.transfers)
    done = replace(begun, verdict=SUCCEEDS_NOW, replayed_hash=digest, seconds=result.seconds)
    holder = begun.record.result_run_id
    if begun.record.status == "failed" or holder is None:
        return done
    metrics, paid = store.run_metrics(holder), store.run_transfers(holder)
    outcomes = value_changes(metrics, result.metrics, {name: one.unit for name, one in OUTCOME.items()})
    transfers = value_changes(paid, {(a, b, kind): value for a, b, kind, value in result.transfers})
    series, losses = series_changes(kept[0], result.hourly), loss_changes(kept[1], result.losses or {})
    hashes_agree = digest == begun.record.result_hash and store.run_series_hash(holder) in (
        None, series_hash(result.hourly),
    ) and store.run_loss_hash(holder) in (None, loss_hash(result.losses or {}))  # fmt: skip
    rows_agree = not (outcomes or transfers or series or losses)
    return replace(
        done, verdict=(SAME if rows_agree else ALTERED) if hashes_agree else DIFFERS,
        outcomes=outcomes, transfers=transfers, series=series, losses=losses,
        compared={
            "outcomes": len(metrics), "transfers": len(paid), "series": len(kept[0]), "losses": len(kept[1]),
        },
    )  # fmt: skip
