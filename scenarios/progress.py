"""How far a batch is, on stderr: a line that rewrites itself on a terminal, a line now and then elsewhere."""

import sys
import time
from typing import TextIO

TERMINAL_EVERY_S = 0.2
LOG_EVERY_S = 5.0


class Progress:
    """Counts finished runs and says when the rest will be done.

    Attributes:
        total: runs to compute.
        done: runs computed so far, failed ones included.
        failed: those that failed.
    """

    def __init__(self, total: int, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        """Start counting towards `total`; `quiet` says nothing at all."""
        self.total, self.done, self.failed = total, 0, 0
        self._stream = sys.stderr if stream is None else stream
        self._terminal = self._stream.isatty()
        self._quiet = quiet
        self._begun = self._shown = time.monotonic()
        self._first: tuple[float, int] | None = None  # when the first runs were done: start-up is no pace

    def say(self, words: str) -> None:
        """Write one line of its own."""
        if not self._quiet:
            self._write(words, end="\n")

    def advance(self, done: int, failed: int = 0) -> None:
        """Count `done` more runs, `failed` of them failed, and show the state if it is time to."""
        self.done += done
        self.failed += failed
        now = time.monotonic()
        if self._first is None and self.done:
            self._first = now, self.done
        if now - self._shown >= (TERMINAL_EVERY_S if self._terminal else LOG_EVERY_S):
            self._shown = now
            self._show(now)

    def finish(self) -> None:
        """Show the final state."""
        now = time.monotonic()
        if not self._quiet:
            self._write(f"{self._counts()} in {duration(now - self._begun)}", end="\n")

    def _show(self, now: float) -> None:
        if not self._quiet and self.done:
            self._write(self._counts() + self._left(now), end="" if self._terminal else "\n")

    def _left(self, now: float) -> str:
        """Return the remaining time at the pace since the first runs were done."""
        since, before = self._first or (now, self.done)
        if self.done == before:
            return ""
        return f", about {duration((now - since) / (self.done - before) * (self.total - self.done))} left"

    def _counts(self) -> str:
        failed = f", {self.failed} failed" if self.failed else ""
        return f"{self.done} of {self.total} runs{failed}"

    def _write(self, words: str, end: str) -> None:
        start = "\r\x1b[K" if self._terminal else ""
        self._stream.write(f"{start}{words}{end}")
        self._stream.flush()


def duration(seconds: float) -> str:
    """Return a time span for people: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
