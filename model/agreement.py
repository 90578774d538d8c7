"""What all contracts at work have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from model.inputs import DataContract
from model.streams import Floats, entity_id, uniform

if TYPE_CHECKING:
    from model.stage import Stage


class Agreement:
    """A contract at work; each asset has a class of its own.

    Attributes:
        terms: the contract, as the privacy rule lets it be.
        sharers: how many firms share under it.
        text_bytes: mean size of the text that a firm shares, bytes a day.
        online: whether the platform that it runs over works, by day; always without one.
    """

    text_bytes = 0.0

    def __init__(self, terms: DataContract, sharers: int, stage: Stage, online: Any) -> None:
        self.terms, self.sharers, self.online = terms, sharers, online
        self.entity = entity_id(terms.name)
        self.late_key = stage.key("late_record")

    def arrives(self, day: int) -> bool:
        """Tell whether today's record reaches the partner before the gate."""
        late = self.terms.late_rate > 0.0 and uniform(self.late_key, self.entity, day, 0) < self.terms.late_rate
        return bool(self.online[day]) and not late

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

    @property
    def readable(self) -> Floats:
        """Share of each sharer's asset that a platform which reads what it forwards sees, shape (sharer,)."""
        return self.revealed
