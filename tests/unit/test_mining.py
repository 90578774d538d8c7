"""Mining of maintenance logs: words and terms by hand, no look ahead, and a predictor that is worth its while."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats

from model.logbook import CREWS, EQUIPMENT, SYMPTOM_NOTES, SYMPTOMS, log_keys, write_log
from model.mechanisms.mining import (
    ESTABLISHED,
    LAG_DAYS,
    PRIOR_DAYS,
    Miner,
    Reader,
    base_rate,
    breakdown_score,
    calibrated,
    clean_words,
    learn_breakdown,
    shortened,
    slide_window,
)
from model.records import Logs

type Series = np.ndarray

DAYS, SEEDS = 1_000, 14
HEALTHY, WORN = 0.08, 0.3
INTO_WEAR, REPAIRED = 1 / 40, 1 / 15


@pytest.mark.parametrize(
    ("piece", "words"),
    [
        ("Kühlwasser", ("kuehlwasser",)),
        ("KW-Temp.", ("kw", "temp")),
        ("Elektrodenverschleiß", ("elektrodenverschleiss",)),
        ("58", ()),
        ("42℃", ("degc",)),
        ("°C", ("degc",)),
        ("Grad", ("degc",)),
        ("F-217", ("f217",)),
        ("E7.03", ("e703",)),
        ("振动大", ("振动", "动大")),
        ("HY2漏油", ("hy2", "漏油")),
    ],
)
def test_words_are_brought_to_one_spelling(piece: str, words: tuple[str, ...]) -> None:
    assert clean_words(piece) == words


@pytest.mark.parametrize(
    ("entry", "term"),
    [
        ("Früh: KW-Temp. KP-3 hoch", "cooling_temperature"),
        ("late - High vibration on P301, 9 mm/s", "vibration"),
        ("夜班: 电极损耗快", "electrode_wear"),
        ("night - alarm AL-33 again", "hydraulic_leak"),
        ("Früh: Lichtbogen unruhig", "arc_instability"),
        ("早班: TR1轴承噪音大", "bearing_noise"),
    ],
)
def test_crews_words_and_alarm_numbers_meet_in_common_terms(entry: str, term: str) -> None:
    reader = Reader(cleaning=True, integration=True)
    assert [reader.names[i] for i in reader.read([entry])] == [term]


def test_most_wordings_of_a_symptom_are_in_the_table_and_hardly_one_in_a_wrong_place() -> None:
    reader = Reader(cleaning=True, integration=True)
    right = wrong = total = 0
    for crew in range(CREWS):
        for symptom, notes in zip(SYMPTOMS, SYMPTOM_NOTES[crew], strict=True):
            for note in notes:
                found = {reader.names[i] for i in reader.read([note.format(e=EQUIPMENT[0][0], n=50)])}
                total += 1
                right += symptom in found
                wrong += bool(found - {symptom})
    assert right / total > 0.85
    assert wrong / total < 0.1


def test_slips_of_the_pen_are_corrected_by_cleaning_alone() -> None:
    slips = ["Vibraton stark", "Virbation stark", "vibratiion"]
    assert [len(Reader(cleaning=True, integration=True).read([slip])) for slip in slips] == [1, 1, 1]
    assert Reader(cleaning=False, integration=True).read(slips) == []


def test_short_words_and_codes_are_never_corrected() -> None:
    reader = Reader(cleaning=True, integration=True)
    assert reader.read(["lak", "F218", "AL-3", "振"]) == []


def test_two_words_one_slip_apart_share_a_shortened_form() -> None:
    assert "vibration" in shortened("vibrattion")
    assert shortened("vibration") & shortened("vibartion")
    assert not shortened("vibration") & shortened("bearing")


def test_without_integration_variants_stay_different_words_that_need_sightings() -> None:
    reader = Reader(cleaning=True, integration=False)
    for _ in range(ESTABLISHED - 1):
        assert reader.read(["vibration Vibr."]) == []
    assert len(reader.read(["vibration Vibr."])) == 2
    assert reader.names == ["vibration", "vibr"]
    assert reader.read(["VIBRATIN"]) == [0]


def test_without_cleaning_words_stay_as_they_were_typed() -> None:
    reader = Reader(cleaning=False, integration=False)
    for _ in range(ESTABLISHED):
        reader.read(["Kühlwasser kuehlwasser"])
    assert sorted(reader.names) == ["Kühlwasser", "kuehlwasser"]


def test_a_word_counts_once_in_an_entry() -> None:
    assert len(Reader(cleaning=True, integration=True).read(["leak leak Leckage", "leak"])) == 2


def test_window_counts_are_sums_over_its_days() -> None:
    rng = np.random.default_rng(3)
    daily, windows = np.zeros((4, 3)), np.zeros((4, 3))
    history = np.zeros((40, 3))
    for day in range(40):
        words = rng.integers(0, 3, rng.integers(0, 6))
        history[day] = np.bincount(words, minlength=3)
        slide_window(day, 4, words, daily, windows)
        assert windows[day % 4].tolist() == history[max(0, day - 3) : day + 1].sum(0).tolist()


def test_score_is_the_ratio_of_two_poisson_likelihoods() -> None:
    """With so many days that the prior is nothing, the score is a ratio of textbook probabilities."""
    calm, broken = np.array([0.2, 1.0]), np.array([0.6, 1.0])
    days = np.array([8e6, 2e6])
    counts = np.vstack([calm * days[0], broken * days[1]])
    for window in (np.array([0.0, 3.0]), np.array([2.0, 1.0])):
        ratio = stats.poisson.logpmf(window, broken).sum() - stats.poisson.logpmf(window, calm).sum()
        assert breakdown_score(window, counts, days, 2) == pytest.approx(ratio, abs=1e-4)


def test_one_day_of_evidence_hardly_moves_the_score() -> None:
    """A word seen once, before a breakdown: its rates are (1 + 15)/(1 + 30) against (0 + 15)/(1 + 30)."""
    counts, days = np.array([[0.0], [1.0]]), np.array([1.0, 1.0])
    prior = PRIOR_DAYS / 2
    expected = np.log((1 + prior) / prior) - 1 / (1 + PRIOR_DAYS)
    assert breakdown_score(np.ones(1), counts, days, 1) == pytest.approx(expected)


def test_base_rate_starts_at_the_prior_and_ends_at_the_share() -> None:
    assert base_rate(np.zeros(2)) == pytest.approx(0.1)
    assert base_rate(np.array([6.0, 4.0])) == pytest.approx((4 + 1) / (10 + 10))
    assert base_rate(np.array([7e6, 3e6])) == pytest.approx(0.3, abs=1e-5)


def test_without_trust_the_probability_is_the_base_rate() -> None:
    assert calibrated(5.0, 0.2, 0.0) == pytest.approx(0.2, abs=1e-15)
    assert calibrated(5.0, 0.2, -1.0) == pytest.approx(0.2, abs=1e-15)
    assert calibrated(np.log(2.0), 0.2, 1.0) == pytest.approx(0.5 / 1.5)


def test_trust_learns_the_slope_of_a_score_that_is_the_truth() -> None:
    """Windows of one word drawn as the two Poisson laws say: the likelihood ratio deserves full trust."""
    rng = np.random.default_rng(1)
    counts, days, trust = np.zeros((2, 1)), np.zeros(2), np.array([0.0, 4.0])
    for _ in range(6_000):
        failed = bool(rng.random() < 0.2)
        window = rng.poisson(1.5 if failed else 0.5, 1).astype(float)
        learn_breakdown(failed, window, 1, counts, days, trust)
    assert trust[0] == pytest.approx(1.0, abs=0.15)


def miner_after(days: int, newest: list[str], *, failed: bool = False) -> Miner:
    """Return a miner told of breakdowns that a leak announces two days before, but for what its newest day says."""
    miner = Miner(window=1)
    for day in range(days):
        miner.read(day, newest if day == days - 1 else ["leak"] if day % 4 == 2 else ["ok"])
        miner.learn(day, failed if day == days - 1 else day % 4 == 0)
    return miner


def test_entries_after_the_gate_change_nothing() -> None:
    """The gate of day 60 knows entries to day 58: what is written on day 59 matters to the next gate only."""
    calm, alarmed = miner_after(60, []), miner_after(60, ["leak"])
    assert calm.probability(60) == alarmed.probability(60)
    assert calm.probability(61) < alarmed.probability(61)


def test_the_outcome_of_the_gates_own_day_is_not_known() -> None:
    """The gate of day 60 is at noon of day 59."""
    calm, broken = miner_after(60, []), miner_after(60, [], failed=True)
    assert calm.probability(60) == broken.probability(60)
    for miner in (calm, broken):
        miner.read(60, [])
        miner.learn(60, False)
    assert calm.probability(61) < broken.probability(61)


def test_without_mining_only_the_base_rate_is_known() -> None:
    miner = Miner(mining=False)
    for day in range(31):
        miner.read(day, ["leak"])
        miner.learn(day, day < 7)
    assert miner.probability(31) == pytest.approx((7 + 1) / (30 + 10))


def test_what_was_read_before_a_repair_is_forgotten_and_what_was_learnt_stays() -> None:
    """15 breakdowns in the 59 days that are known; a leak that was written before the repair alarms nobody."""
    miner = miner_after(60, ["leak"])
    base = miner.base_probability()
    assert base == pytest.approx((15 + 1) / (59 + 10))
    miner.forget(59)
    miner.read(60, [])
    miner.read(61, ["leak"])
    assert miner.probability(61) < base
    assert miner.probability(63) > 1.5 * base


def test_days_are_read_in_their_order() -> None:
    miner = Miner()
    miner.read(4, [])
    with pytest.raises(ValueError, match="the next is 5"):
        miner.read(6, [])


def wear_and_breakdowns(seed: int, hazards: tuple[float, float]) -> tuple[Series, Series]:
    """Return hidden wear and breakdowns of a two-state Markov chain, shape (DAYS,)."""
    rng = np.random.default_rng(seed)
    worn = np.zeros(DAYS, dtype=bool)
    for day in range(1, DAYS):
        worn[day] = rng.random() >= REPAIRED if worn[day - 1] else rng.random() < INTO_WEAR
    return worn, rng.random(DAYS) < np.where(worn, hazards[1], hazards[0])


def predictions(seed: int, worn: Series, failed: Series, logs: Logs, **stages: bool) -> Series:
    """Return the probabilities of a miner that lives through one future, shape (DAYS,)."""
    keys, miner, p = log_keys(seed, 0), Miner(logs.window, **stages), np.empty(DAYS)
    for day in range(DAYS):
        p[day] = miner.probability(day)
        written = write_log(keys, seed, day, logs, worn=worn[day], failed=failed[day]) if miner.mining else []
        miner.read(day, written)
        miner.learn(day, bool(failed[day]))
    return p


def log_score(p: Series, failed: Series) -> float:
    return float(np.where(failed, np.log(p), np.log1p(-p)).mean())


@dataclass
class Trial:
    """What independent futures say about one set of stages: gains over the base rate in nats a day, and forecasts."""

    gains: Series
    probabilities: Series
    outcomes: Series

    def interval(self) -> tuple[float, float]:
        low, high = stats.t.interval(0.95, self.gains.size - 1, self.gains.mean(), stats.sem(self.gains))
        return float(low), float(high)


def trial(logs: Logs, hazards: tuple[float, float] = (HEALTHY, WORN), **stages: bool) -> Trial:
    gains, shown, came = [], [], []
    for seed in range(SEEDS):
        worn, failed = wear_and_breakdowns(seed, hazards)
        p = predictions(seed, worn, failed, logs, **stages)
        gains.append(log_score(p, failed) - log_score(predictions(seed, worn, failed, logs, mining=False), failed))
        shown.append(p[DAYS // 4 :])
        came.append(failed[DAYS // 4 :])
    return Trial(np.array(gains), np.concatenate(shown), np.concatenate(came))


@pytest.fixture(scope="module")
def mined() -> Trial:
    return trial(Logs())


@pytest.fixture(scope="module")
def unintegrated() -> Trial:
    return trial(Logs(), integration=False)


def test_mining_beats_the_base_rate(mined: Trial) -> None:
    """At the reference rates by some thousandths of a nat a day, of .40 that a breakdown is uncertain."""
    low, high = mined.interval()
    assert 0.002 < low < high < 0.012


def test_mining_cannot_know_more_than_the_state_of_wear(mined: Trial) -> None:
    """Upper bound: the wear of the newest day in the log known for sure, and all rates with it."""
    bound = []
    for seed in range(SEEDS):
        worn, failed = wear_and_breakdowns(seed, (HEALTHY, WORN))
        share = INTO_WEAR / (INTO_WEAR + REPAIRED)
        kept = (1 - INTO_WEAR - REPAIRED) ** LAG_DAYS
        known = np.concatenate([np.full(LAG_DAYS, share), worn[:-LAG_DAYS]])
        p = HEALTHY + (WORN - HEALTHY) * (share + kept * (known - share))
        base = predictions(seed, worn, failed, Logs(), mining=False)
        bound.append(log_score(p, failed) - log_score(base, failed))
    assert mined.gains.mean() < np.mean(bound)


def test_integration_improves_mining(mined: Trial, unintegrated: Trial) -> None:
    paired = mined.gains - unintegrated.gains
    low, _ = stats.t.interval(0.95, SEEDS - 1, paired.mean(), stats.sem(paired))
    assert low > 0.002


@pytest.mark.parametrize(("integration", "hazards"), [(True, (HEALTHY, WORN)), (True, (0.1, 0.1)), (False, (0.1, 0.1))])
def test_logs_without_symptoms_of_wear_gain_nothing(integration: bool, hazards: tuple[float, float]) -> None:
    """The same notes in both states: learning costs a little and can gain nothing.

    Without a table of terms notes of breakdowns themselves count as words, and breakdowns come in spells; then the
    hazard must be the same in both states for the log to be worthless.
    """
    nothing = trial(Logs(symptom_rate_worn=0.05), hazards, integration=integration)
    low, high = nothing.interval()
    assert low > -0.004
    assert high < 0.0005


def test_probabilities_are_calibrated(mined: Trial) -> None:
    """In each fifth of the forecasts breakdowns come as often as foretold, within sampling and two points."""
    order = np.argsort(mined.probabilities)
    for fifth in np.array_split(order, 5):
        foretold, came = mined.probabilities[fifth].mean(), mined.outcomes[fifth].mean()
        assert came == pytest.approx(foretold, abs=0.02 + 3 * np.sqrt(foretold * (1 - foretold) / fifth.size))
    top = mined.probabilities[order[-order.size // 5 :]].mean()
    assert top > 1.5 * mined.probabilities[order[: order.size // 5]].mean()
