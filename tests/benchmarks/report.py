"""Time the engine beside the readable reference, the whole reference study, and the command's start-up.

python -m tests.benchmarks.report [--quick]
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from model.model import CollaborationModel
from scenarios.batch import plan_study, tasks_of, warm_up
from scenarios.executors import executor
from scenarios.spec import Study, load_study
from scenarios.store import PendingRun
from tests.benchmarks.cases import measured, memory_mb, reference_case, timed, town
from tests.reference.economy import ReferenceModel

STUDY = "steel-and-power"
WORKERS = 2


def speed_lines(*, quick: bool) -> Iterator[str]:
    """Yield firm-days per second of reference and engine, and their ratio, by case."""
    yield "firm-days per second of processor time, and their ratio"
    yield row("case", "firms", "reference", "engine", "ratio")
    cases = [("reference case", reference_case(), 40, 400), ("town of 1,000", town(1000), 3, 200)]
    for name, inputs, slow_days, fast_days in cases:
        slow = timed(ReferenceModel, inputs, 2 if quick else slow_days).firm_days_per_second
        fast = timed(CollaborationModel, inputs, 20 if quick else fast_days, best_of=1 if quick else 3)
        rate = fast.firm_days_per_second
        yield row(name, f"{fast.firms:,}", f"{slow:,.0f}", f"{rate:,.0f}", f"{rate / slow:.0f}x")
    large = timed(CollaborationModel, town(10_000), 2 if quick else 40)
    yield row("town of 10,000", f"{large.firms:,}", "-", f"{large.firm_days_per_second:,.0f}", "-")


def row(case: str, *cells: str) -> str:
    """Return one line of the table."""
    return f"{case:<16}" + "".join(f"{cell:>13}" for cell in cells)


def study_line(study: Study, replications: int) -> str:
    """Return how long the study's simulations take in two warm processes, and the memory at its highest."""
    plan, known = plan_study(study, extras=False)
    pending = [
        PendingRun(
            id=number * len(plan.strategies) + k,
            replication=number,
            seed=plan.seed,
            inputs_hash=m.inputs_hash,
            keep_hours=False,
        )
        for number in range(replications)
        for k, m in enumerate(plan.strategies)
    ]
    warm_up(list(known.values()))
    with executor("processes", WORKERS) as pool:
        list(pool.map(warm_up, [list(known.values())] * 4 * WORKERS))  # imports and loads the kernels in every worker
        begun = time.perf_counter()
        done = list(pool.map(measured, tasks_of(pending, known)))
        elapsed = time.perf_counter() - begun
    runs = sum(len(d.finished) for d in done)
    processor = sum(d.seconds for d in done)
    memory = WORKERS * max(d.memory_mb for d in done) + memory_mb()
    return (
        f"{len(study.strategies)} strategies x {replications} replications x "
        f"{next(iter(study.strategies.values())).calendar.days} days, net of imports and compilation: "
        f"{processor / WORKERS:.1f} s of processor time in each of {WORKERS} processes, {elapsed:.1f} s elapsed; "
        f"{runs} different simulations; {memory:.0f} MB in all"
    )


def start_up_line(times: int) -> str:
    """Return the start-up time of the command."""
    seconds = []
    for _ in range(times):
        begun = time.perf_counter()
        subprocess.run([Path(sys.executable).with_name("tandem"), "--help"], check=True, capture_output=True)
        seconds.append(time.perf_counter() - begun)
    return f"tandem --help: {min(seconds):.2f} s (best of {times})"


def lines(*, quick: bool) -> Iterator[str]:
    """Yield the report line by line."""
    yield from speed_lines(quick=quick)
    study = load_study(STUDY, sets={"run.replications": "2"} if quick else {})
    yield study_line(study, 2 if quick else study.run.replications)
    yield start_up_line(1 if quick else 5)


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="few days: shows that it runs, says nothing about speed")
    for line in lines(quick=parser.parse_args().quick):
        print(line, flush=True)


if __name__ == "__main__":
    main()
