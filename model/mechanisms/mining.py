"""Mining maintenance logs: from crews' free text to the probability of a breakdown.

Cleaning brings spelling, units and alarm numbers to one form and repairs slips of the pen; integration maps the words
of crews and sites to common terms by a table; mining learns from what came true which words precede a breakdown. Each
may be off: without cleaning words stay as typed, without integration variants stay different words, without mining
only the base rate of breakdowns is known.

The predictor is a naive Bayes score of Poisson counts over a window of days, added to the odds of the base rate with a
slope that a logistic regression learns and that starts at zero: no trust before evidence. Breakdowns themselves are
left out of the table of terms, since meters tell of them without any log.
"""

import re

import numpy as np

from model.kernels import kernel
from model.streams import Floats, Ints

LAG_DAYS = 2
"""Days from the newest entry to the day of delivery: the gate is at noon of the day before."""

MOST_WORDS = 512
"""Most different words that are counted; words beyond stay unread (assumption: enough for three crews)."""
ESTABLISHED = 5
"""Sightings after which a word is counted as one, and slips are corrected to it (assumption)."""
SHORTEST = 5
"""Fewest letters of a word that is corrected: one slip makes another word of a shorter one (assumption)."""

PRIOR_DAYS = 30.0
"""Weight of the prior that a word tells nothing, in days of evidence (assumption)."""
PRIOR_BREAKDOWNS = 0.1
"""Breakdowns a day before anything is known (assumption: the defaults of `Process` give about .1)."""
BASE_DAYS = 10.0
"""Weight of that prior, in days (assumption)."""
SLOPE_PRECISION = 4.0
"""Precision of the prior that the score deserves no trust, a slope of zero (assumption)."""
MOST_SCORE = 8.0
"""Largest score that counts, in nats (assumption: no window of notes is stronger evidence)."""

VOCABULARY = {
    "vibration": ("vibration", "vibr", "vib", "schwingungen", "schwing", "ruettelt", "shaking", "振动", "晃动"),
    "electrode_wear": (
        *("elektrodenverschleiss", "verschleiss", "abbrand", "brennt", "wear", "erosion", "consumption"),
        *("损耗", "磨损", "消耗"),
    ),
    "cooling_temperature": ("kuehlwassertemperatur", "warm", "temp", "temperature", "hot", "水温", "过热"),
    "hydraulic_leak": ("undicht", "leckage", "oelverlust", "leak", "leakage", "drip", "漏油", "渗油"),
    "arc_instability": (
        *("lichtbogen", "bogen", "flackert", "instabil", "unstable", "unsteady", "flicker"),
        *("电弧", "弧流", "起弧"),
    ),
    "bearing_noise": ("lagergeraeusch", "geraeusche", "laut", "noisy", "noise", "rumble", "异响", "噪音", "发热"),
}
"""The table of words, in cleaned spelling, by the common term they stand for; some words of the shop are not in it."""

ALARMS = {
    "vibration": ("f217", "al41", "e703"),
    "electrode_wear": ("f305", "al07", "e211"),
    "cooling_temperature": ("f118", "al12", "e402"),
    "hydraulic_leak": ("f442", "al33", "e509"),
    "arc_instability": ("f509", "al58", "e117"),
    "bearing_noise": ("f260", "al44", "e708"),
}
"""Alarm numbers of the sites, in cleaned spelling, by common term, as the panels' manuals list them."""

TERMS = {word: term for table in (VOCABULARY, ALARMS) for term, words in table.items() for word in words}
"""Common term by cleaned word or alarm number."""

_FOLD = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "℃": " degc "})
_UNITS = {"grad": "degc", "c": "degc", "liter": "l"}
_WORD = re.compile(r"[a-z]+-?\d[\d.]*|[a-z]+|[\u4e00-\u9fff]+")


def clean_words(piece: str) -> tuple[str, ...]:
    """Return the words of a piece of text in one spelling.

    Lower case, umlauts written out, units by one name, numbers dropped, letters and digits of a code joined, and
    Chinese cut into overlapping pairs of characters, since it is written without spaces.
    """
    words: list[str] = []
    for word in _WORD.findall(piece.lower().replace("°", "").translate(_FOLD)):
        if word[0] >= "\u4e00":
            words += [word[i : i + 2] for i in range(max(1, len(word) - 1))]
        elif word[-1].isdigit():
            words.append(word.replace("-", "").replace(".", ""))
        else:
            words.append(_UNITS.get(word, word))
    return tuple(words)


def shortened(word: str) -> set[str]:
    """Return a word with each one of its letters left out; two words one slip apart have one of these in common."""
    return {word[:i] + word[i + 1 :] for i in range(len(word))}


def _may_be_corrected(word: str) -> bool:
    return len(word) >= SHORTEST and word.isalpha() and word.isascii()


class Reader:
    """Turns entries into the numbers of the words or terms in them; learns which words there are.

    Attributes:
        names: the words or terms counted so far, in order of their numbers.
    """

    def __init__(self, *, cleaning: bool, integration: bool) -> None:
        self.cleaning, self.integration = cleaning, integration
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}
        self._pieces: dict[str, tuple[int, ...]] = {}
        self._sightings: dict[str, int] = {}
        self._near: dict[str, str] = {}
        if integration:
            self.names = list(VOCABULARY)
            self._numbers = {word: self.names.index(term) for word, term in TERMS.items()}
            for word in TERMS:
                self._accept_slips(word)

    def read(self, entries: list[str]) -> list[int]:
        """Return the numbers of the words in a day's entries; a word counts once in an entry."""
        found: list[int] = []
        for entry in entries:
            numbers: set[int] = set()
            for piece in entry.split():
                known = self._pieces.get(piece)
                numbers.update(self._resolve(piece) if known is None else known)
            found += numbers
        return found

    def _resolve(self, piece: str) -> tuple[int, ...]:
        """Return the numbers of the words in a piece, and keep them once they are for good."""
        words = clean_words(piece) if self.cleaning else (piece,)
        numbers = tuple(self._number(word) for word in words)
        known = tuple(number for number in numbers if number >= 0)
        if self.integration or len(known) == len(numbers):
            self._pieces[piece] = known
        return known

    def _number(self, word: str) -> int:
        """Return a word's number, or -1 while it has none."""
        number = self._numbers.get(word)
        if number is not None:
            return number
        corrected = self._corrected(word)
        if corrected:
            number = self._numbers[word] = self._numbers[corrected]
            return number
        return -1 if self.integration else self._count(word)  # the table is fixed: what is not in it says nothing

    def _corrected(self, word: str) -> str:
        if not self.cleaning or not _may_be_corrected(word):
            return ""
        if word in self._near:
            return self._near[word]
        return next((self._near[short] for short in sorted(shortened(word)) if short in self._near), "")

    def _count(self, word: str) -> int:
        seen = self._sightings[word] = self._sightings.get(word, 0) + 1
        if seen < ESTABLISHED or len(self.names) == MOST_WORDS:
            return -1
        self._numbers[word] = len(self.names)
        self.names.append(word)
        del self._sightings[word]
        self._accept_slips(word)
        return self._numbers[word]

    def _accept_slips(self, word: str) -> None:
        if _may_be_corrected(word):
            for short in (word, *sorted(shortened(word))):
                self._near.setdefault(short, word)


@kernel
def slide_window(day: int, span: int, words: Ints, daily: Floats, windows: Floats) -> None:
    """Write the counts of each word over the last `span` days.

    Args:
        day: the newest day; `words`: numbers of its words, with repetition.
        daily: ring of daily counts, shape (span, word); `windows`: ring of window counts, shape (ring, word).
    """
    today, now, before = daily[day % span], windows[day % windows.shape[0]], windows[(day - 1) % windows.shape[0]]
    for w in range(now.size):
        now[w] = before[w] - today[w]
        today[w] = 0.0
    for w in words:
        today[w] += 1.0
        now[w] += 1.0


@kernel
def breakdown_score(window: Floats, counts: Floats, days: Floats, words: int) -> float:
    """Return the naive Bayes log likelihood ratio of a window of Poisson counts, breakdown against none, in nats.

    Args:
        window: counts of each word, shape (word,); only the first `words` are in use.
        counts: sums of windows that no breakdown (row 0) or one (row 1) followed, shape (2, word).
        days: how many windows they sum, shape (2,).
    """
    score = 0.0
    for w in range(words):
        both = counts[0, w] + counts[1, w]
        if both > 0.0:
            prior = PRIOR_DAYS * both / (days[0] + days[1])
            calm = (counts[0, w] + prior) / (days[0] + PRIOR_DAYS)
            broken = (counts[1, w] + prior) / (days[1] + PRIOR_DAYS)
            score += window[w] * np.log(broken / calm) - (broken - calm)
    return min(MOST_SCORE, max(-MOST_SCORE, score))


@kernel
def base_rate(days: Floats) -> float:
    """Return the share of days with a breakdown, from days without and with one, shape (2,)."""
    return float((days[1] + BASE_DAYS * PRIOR_BREAKDOWNS) / (days[0] + days[1] + BASE_DAYS))


@kernel
def calibrated(score: float, base: float, slope: float) -> float:
    """Return the probability of a breakdown: the base rate's log odds, and the score by its slope if above zero."""
    odds = np.log(base / (1.0 - base)) + max(0.0, slope) * score
    return float(1.0 / (1.0 + np.exp(-odds)))


@kernel
def learn_breakdown(failed: bool, window: Floats, words: int, counts: Floats, days: Floats, trust: Floats) -> None:
    """Learn from one day that came true, in place: first how far to trust the score, then what the words mean.

    Args:
        failed: whether a breakdown came; `window`, `words`, `counts`, `days`: as in `breakdown_score`.
        trust: slope of the score and its precision, shape (2,); one online Newton step of the logistic regression.
    """
    score = breakdown_score(window, counts, days, words) if days[0] + days[1] > 0.0 else 0.0
    p = calibrated(score, base_rate(days), trust[0])
    trust[1] += p * (1.0 - p) * score * score
    trust[0] += ((1.0 if failed else 0.0) - p) * score / trust[1]
    row = 1 if failed else 0
    days[row] += 1.0
    for w in range(words):
        counts[row, w] += window[w]


class Miner:
    """Reads a firm's log day by day and tells how likely a breakdown is on a day of delivery.

    At the end of each day call `read` and `learn`; at the gate before a day of delivery call `probability`.

    Args:
        window: days of log that count.
        cleaning, integration, mining: the stages that are on.
    """

    def __init__(
        self, window: int = 5, *, cleaning: bool = True, integration: bool = True, mining: bool = True
    ) -> None:
        self.mining = mining
        self.reader = Reader(cleaning=cleaning, integration=integration)
        size = len(VOCABULARY) if integration else MOST_WORDS
        self._span = window
        self._first: int | None = None
        self._newest = -1
        self._held: tuple[int, bool] | None = None
        self._daily = np.zeros((window, size))
        self._windows: Floats = np.zeros((LAG_DAYS + 2, size))
        self._counts = np.zeros((2, size))
        self._days = np.zeros(2)
        self._base_days = np.zeros(2)
        self._trust = np.array([0.0, SLOPE_PRECISION])

    def read(self, day: int, entries: list[str]) -> None:
        """Take in the entries of `day`; days follow each other without a break.

        Raises:
            ValueError: if `day` is not the day after the last one read.
        """
        if self._first is None:
            self._first = day
        elif day != self._newest + 1:
            msg = f"day {day} was given to a miner that has read to day {self._newest}; the next is {self._newest + 1}"
            raise ValueError(msg)
        self._newest = day
        if self.mining:
            words = np.array(self.reader.read(entries), dtype=np.int64)
            slide_window(day, self._span, words, self._daily, self._windows)

    def learn(self, day: int, failed: bool) -> None:
        """Take in whether a breakdown came on `day`; it counts from the next call on.

        Called at the end of every day, so that a gate at noon never knows how its own day ended.
        """
        if self._held is not None:
            self._learn(*self._held)
        self._held = (day, failed)

    def _learn(self, day: int, failed: bool) -> None:
        if self.mining and self._knows(day):
            words = len(self.reader.names)
            learn_breakdown(failed, self._window(day), words, self._counts, self._days, self._trust)
        self._base_days[int(failed)] += 1.0

    def probability(self, day: int) -> float:
        """Return the probability of a breakdown on the day of delivery `day`, from what is known at its gate."""
        base = base_rate(self._base_days)
        if not self.mining or not self._knows(day) or not self._days.any():
            return base
        score = breakdown_score(self._window(day), self._counts, self._days, len(self.reader.names))
        return calibrated(score, base, self._trust[0])

    def pool_with(self, other: "Miner") -> None:
        """Learn together with another miner from now on: what words mean, how often equipment breaks, what to trust.

        What either has learnt alone is given up, so pool before the first day.
        """
        self.reader, self._counts, self._days = other.reader, other._counts, other._days
        self._base_days, self._trust = other._base_days, other._trust

    def base_probability(self) -> float:
        """Return the probability of a breakdown on any day, without reading anything."""
        return base_rate(self._base_days)

    def forget(self, day: int) -> None:
        """Drop what was read so far: equipment that was put right on `day` says nothing through older notes.

        What came of the day before stays to be learnt; of `day` itself nothing is, since the stop forestalled it.
        """
        if self._held is not None:
            self._learn(*self._held)
        self._held = None
        self._daily[:] = 0.0
        self._windows[:] = 0.0

    def _knows(self, day: int) -> bool:
        """Whether the newest entries that the gate of `day` knows were read, and are still at hand."""
        newest = day - LAG_DAYS
        return self._first is not None and self._first <= newest <= self._newest < newest + self._windows.shape[0]

    def _window(self, day: int) -> Floats:
        row: Floats = self._windows[(day - LAG_DAYS) % self._windows.shape[0]]
        return row
