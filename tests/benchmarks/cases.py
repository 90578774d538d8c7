"""What the benchmarks time, and how: the same inputs through the engine and through the readable reference.

Rates count processor time, which another program on the machine disturbs less than the clock on the wall.
"""

import dataclasses
import resource
import time
from dataclasses import dataclass
from pathlib import Path

from model.inputs import Demand, ManufacturerInputs, ModelInputs, Process, replace_inputs
from model.model import CollaborationModel, reference_inputs
from scenarios.batch import Finished, Task, compute
from tests.reference.economy import ReferenceModel

type AnyModel = CollaborationModel | ReferenceModel


@dataclass(frozen=True)
class Rate:
    """Firm-days per second of processor time."""

    firms: int
    days: int
    seconds: float

    @property
    def firm_days_per_second(self) -> float:
        """Return the rate."""
        return self.firms * self.days / self.seconds


def reference_case() -> ModelInputs:
    """Return the reference case with its plan shared: 25 manufacturers and their utility."""
    return reference_inputs(shared=True)


def town(firms: int) -> ModelInputs:
    """Return a utility with `firms` customers whose loads follow a measured shape, 300 MW together."""
    inputs = reference_inputs()
    shape = next(m.process.load_table for m in inputs.manufacturers if m.process.kind == "shaped")
    customers = ManufacturerInputs(
        name="town",
        count=firms,
        utility="power",
        demand=Demand(mean=100.0),
        process=Process(kind="shaped", load_table=shape, mean_load=300.0 / firms),
    )
    return dataclasses.replace(inputs, manufacturers=(customers,))


def for_days(inputs: ModelInputs, days: int) -> ModelInputs:
    """Return the inputs with a horizon of `days`, without burn-in."""
    return replace_inputs(inputs, {"calendar.days": days, "calendar.burn_in": 0})


def timed(kind: type[AnyModel], inputs: ModelInputs, days: int, *, best_of: int = 1) -> Rate:
    """Return the best rate of `days` steps of a model, its set-up and two first days not counted."""
    seconds = []
    for _ in range(best_of):
        model = kind(for_days(inputs, days + 2))
        model.step()
        model.step()
        begun = time.process_time()
        for _ in range(days):
            model.step()
        seconds.append(time.process_time() - begun)
    firms = sum(m.count for m in inputs.manufacturers) + len(inputs.utilities)
    return Rate(firms, days, max(min(seconds), 1e-9))


@dataclass(frozen=True)
class Measured:
    """The results of a task, its processor time, and the memory of its process afterwards."""

    finished: Finished
    seconds: float
    memory_mb: float


def measured(task: Task) -> Measured:
    """Compute a task of a study in a worker and measure it.

    Raises:
        RuntimeError: with the traceback of a run that failed.
    """
    begun = time.process_time()
    finished = compute(task)
    seconds = time.process_time() - begun
    failures = [result for _, result in finished if isinstance(result, str)]
    if failures:
        raise RuntimeError(failures[0])
    return Measured(finished, seconds, memory_mb())


def memory_mb() -> float:
    """Return the memory of this process, MB: its share of what processes share; elsewhere than on Linux its peak."""
    pages = Path("/proc/self/smaps_rollup")
    if pages.exists():
        shares = [line.split() for line in pages.read_text().splitlines() if line.startswith("Pss:")]
        return float(shares[0][1]) / 1024.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
