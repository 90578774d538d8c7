"""Where runs are computed: in this process, or in a pool of worker processes.

Everything above codes to `concurrent.futures.Executor`, so that a cluster can take the same seat.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing.connection import wait
from typing import Any, Literal

PRELOADED = ("model.model", "scenarios.run")
"""Imported once by the fork server instead of once by every worker."""
MOST_WORKERS = 8
"""Default limit; more is a matter of asking."""
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class SerialExecutor(Executor):
    """Runs each task in the calling thread, at once: for `--workers 1`, debugging and tests."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run `fn` now and return its finished future; an interrupt passes through."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def default_workers() -> int:
    """Return the number of processors this process may use, at most `MOST_WORKERS`."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    return max(1, min(usable, MOST_WORKERS))


def executor(kind: Literal["serial", "processes"], workers: int = 1) -> Executor:
    """Return an executor with `workers` processes of one thread each, or the serial one."""
    if kind == "serial":
        return SerialExecutor()
    method = "spawn" if sys.platform == "win32" else "forkserver"
    context = multiprocessing.get_context(method)
    for variable in _THREAD_VARIABLES:
        os.environ.setdefault(variable, "1")  # inherited by the workers; read when their libraries load
    if method == "forkserver":
        context.set_forkserver_preload(list(PRELOADED))
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker)


def stop(pool: Executor) -> None:
    """Stop an executor now: drop what waits, end the workers, wait for nobody."""
    processes = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, and end when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
