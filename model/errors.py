"""Everything that Tandem raises on purpose.

TandemError                 anything below; catch this one
|- InputError               the user's input is wrong: exit code 2, all faults at once
|- BalanceError             money, energy, material or hours do not balance: a defect of the model
|- RunError                 a run could not finish; carries seed and replication
`- StoreError               the results store cannot be read or written as asked
"""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class TandemError(Exception):
    """Base of all errors raised on purpose."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with an input.

    Attributes:
        where: file:line:column, or the dotted key where no file is involved.
        what: what is wrong, as a sentence without full stop.
        allowed: what would be right; empty where `what` says it.
    """

    where: str
    what: str
    allowed: str = ""

    def __str__(self) -> str:
        """Return the fault as one line."""
        hint = f" ({self.allowed})" if self.allowed else ""
        return f"{self.where}: {self.what}{hint}" if self.where else f"{self.what}{hint}"


class InputError(TandemError):
    """Faulty input; lists every fault found, never only the first."""

    def __init__(self, faults: Iterable[Fault | str]) -> None:
        """Collect `faults`; plain strings become faults without a place."""
        self.faults = tuple(f if isinstance(f, Fault) else Fault("", f) for f in faults)
        super().__init__(str(self))

    def __str__(self) -> str:
        """Return one line per fault."""
        return "\n".join(str(fault) for fault in self.faults)

    def __reduce__(self) -> tuple[type["InputError"], tuple[tuple[Fault, ...]]]:
        """Pickle by the faults, so that a worker process can hand the error over."""
        return InputError, (self.faults,)


class BalanceError(TandemError):
    """A conserved quantity was created or lost; the run stops at once."""


class RunError(TandemError):
    """A run failed; the message names strategy, seed and replication."""


class StoreError(TandemError):
    """The results store refused: missing, locked, or written by a newer version."""


SYNONYMS = {
    **dict.fromkeys(("machines", "machine", "machinery"), "equipment"),
    **dict.fromkeys(("workers", "crew", "crews", "people", "labor", "staff"), "labour"),
    **dict.fromkeys(("beds", "stations"), "station"),
    **dict.fromkeys(("battery", "batteries"), "storage"),
    **dict.fromkeys(("waste", "materials", "material", "by_products"), "by_product"),
}
"""Words for resources, with the name that the resource has in scenarios."""


def nearest(word: str, choices: Sequence[str]) -> str:
    """Return "did you mean ...?" for the closest of `choices`, or an empty string."""
    if SYNONYMS.get(word) in choices:
        return f"did you mean {SYNONYMS[word]}?"
    match = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    return f"did you mean {match[0]}?" if match else ""
