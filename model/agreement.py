"""What all contracts at work have in common."""

import numpy as np

from model.inputs import DataContract
from model.streams import Floats


class Agreement:
    """A contract at work; each asset has a class of its own.

    Attributes:
        terms: the contract, as the privacy rule lets it be.
        sharers: how many firms share under it.
        text_bytes: mean size of the text that a firm shares, bytes a day.
    """

    text_bytes = 0.0

    def __init__(self, terms: DataContract, sharers: int) -> None:
        self.terms, self.sharers = terms, sharers

    def advise(self, day: int) -> None:
        """Let what flows before the plans are made reach the partner."""

    def use(self, day: int) -> None:
        """Let what flows at the gate reach the partner."""

    def learn(self, day: int) -> None:
        """Take in how the day went."""

    @property
    def revealed(self) -> Floats:
        """Share of each sharer's asset that the partner sees, shape (sharer,); all of it where nothing protects it."""
        return np.ones(self.sharers)
