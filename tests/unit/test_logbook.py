"""Maintenance logs: rates as declared, wear told by the number of symptom notes alone, text that crews would write."""

import numpy as np
import pytest
from scipy import stats

from model.logbook import (
    ALARMS,
    BREAKDOWN_NOTES,
    CREWS,
    EQUIPMENT,
    MOST_ENTRIES,
    SHIFTS,
    SYMPTOMS,
    breakdown_note,
    log_keys,
    log_volume,
    mistype,
    pick,
    poisson_count,
    routine_note,
    symptom_note,
    write_log,
)
from model.records import Logs

KEYS = log_keys(5, 0)
SITE = 11


def log_of(day: int, logs: Logs, *, worn: bool = False, failed: bool = False, entity: int = SITE) -> list[str]:
    return write_log(KEYS, entity, day, logs, worn=worn, failed=failed)


def test_a_log_is_a_function_of_its_address() -> None:
    assert log_of(3, Logs(), worn=True) == log_of(3, Logs(), worn=True)
    assert log_of(3, Logs(), worn=True) != log_of(4, Logs(), worn=True)
    assert log_of(3, Logs(), worn=True) != log_of(3, Logs(), worn=True, entity=SITE + 3)
    other = write_log(log_keys(5, 1), SITE, 3, Logs(), worn=True, failed=False)
    assert log_of(3, Logs(), worn=True) != other


@pytest.mark.parametrize(("worn", "rate"), [(False, 0.1), (True, 0.7)])
def test_entries_come_at_their_declared_rates(worn: bool, rate: float) -> None:
    """Routine and symptom notes are independent Poisson counts, three shifts a day."""
    logs = Logs(entries=1.5, symptom_rate_healthy=0.1, symptom_rate_worn=0.7)
    days = 2_000
    total = sum(len(log_of(day, logs, worn=worn)) for day in range(days))
    mean = 3 * (1.5 + rate)
    assert total / days == pytest.approx(mean, abs=4 * np.sqrt(mean / days))


@pytest.mark.parametrize("mean", [0.0, 0.3, 2.0, 8.0])
def test_counts_are_poisson_quantiles_up_to_the_most_a_shift_writes(mean: float) -> None:
    for draw in np.linspace(0.001, 0.999, 97):
        expected = min(MOST_ENTRIES, int(stats.poisson.ppf(draw, mean))) if mean else 0
        assert poisson_count(draw, mean) == expected


def test_wear_only_adds_entries() -> None:
    """Common random numbers: a worn day has every note of the same day in health, and more of them on the whole."""
    added = 0
    for day in range(200):
        sound, worn = log_of(day, Logs()), log_of(day, Logs(), worn=True)
        assert set(sound) <= set(worn)
        added += len(worn) - len(sound)
    assert added / 200 == pytest.approx(3 * 0.25, abs=4 * np.sqrt(0.75 / 200))


def test_wear_leaves_no_trace_but_symptoms() -> None:
    logs = Logs(symptom_rate_worn=0.05, symptom_rate_healthy=0.05)
    assert all(log_of(day, logs) == log_of(day, logs, worn=True) for day in range(100))


def test_a_breakdown_adds_its_note_and_nothing_else() -> None:
    stems = ("Störung", "breakdown", "故障停机")
    for day in range(60):
        before, after = log_of(day, Logs(typo_rate=0.0)), log_of(day, Logs(typo_rate=0.0), failed=True)
        extra = list(after)
        for entry in before:
            extra.remove(entry)
        assert len(extra) == 1
        assert any(stem in extra[0] for stem in stems)
        assert not any(stem in entry for entry in before for stem in stems)


def test_crews_change_shifts_every_week_and_keep_their_wording() -> None:
    logs = Logs(entries=3.0, typo_rate=0.0)
    for day in (0, 3, 8, 16, 27):
        named = [name for crew in SHIFTS for name in crew]
        spoken = [next(n for n in named if entry.startswith(n)) for entry in log_of(day, logs)]
        expected = [SHIFTS[(shift + day // 7) % CREWS][shift] for shift in range(CREWS)]
        assert set(spoken) <= set(expected)


@pytest.mark.parametrize("code_share", [0.0, 0.4, 1.0])
def test_alarm_numbers_stand_for_a_declared_share_of_symptoms(code_share: float) -> None:
    draws = np.linspace(0.0005, 0.9995, 1_000)
    for crew in range(CREWS):
        notes = [symptom_note(crew, 1, draw, code_share) for draw in draws]
        coded = [any(alarm in note for alarm in ALARMS[1]) for note in notes]
        assert np.mean(coded) == pytest.approx(code_share, abs=0.01)


@pytest.mark.parametrize("code_share", [0.2, 0.8])
def test_wordings_are_alike_likely_whatever_the_share_of_alarm_numbers(code_share: float) -> None:
    """The English crew words an alarm in two ways, "again" and "reset", vibration in three."""
    notes = [symptom_note(1, 1, draw, code_share) for draw in np.linspace(0.00005, 0.99995, 10_000)]
    again, reset = (sum(word in note for note in notes) for word in (" again", " reset"))
    assert again == pytest.approx(reset, rel=0.02)
    spoken = [sum(word in note for note in notes) for word in ("High vibration", "mast arm", "vib. up")]
    assert spoken == pytest.approx([10_000 * (1 - code_share) / len(SYMPTOMS) / 3] * 3, rel=0.02)


def test_all_symptoms_are_alike_likely() -> None:
    draws = np.linspace(0.0005, 0.9995, 1_200)
    shown = [next(i for i, a in enumerate(ALARMS[0]) if a in symptom_note(0, 0, d, 1.0)) for d in draws]
    assert np.bincount(shown).tolist() == [200] * len(SYMPTOMS)


@pytest.mark.parametrize("crew", range(CREWS))
def test_notes_are_filled_in_for_every_crew_and_site(crew: int) -> None:
    for site in range(len(EQUIPMENT)):
        for draw in np.linspace(0.001, 0.999, 150):
            for note in (
                routine_note(crew, site, draw),
                symptom_note(crew, site, draw, 0.3),
                breakdown_note(crew, site, draw),
            ):
                assert "{" not in note
        names = {breakdown_note(crew, site, draw) for draw in np.linspace(0.001, 0.999, 40)}
        assert all(any(name in note for note in names) for name in EQUIPMENT[site])
    assert len(BREAKDOWN_NOTES) == CREWS


def test_a_slip_leaves_out_or_swaps_one_letter() -> None:
    """Of a text of three letters, four slips are possible at its first two places."""
    assert {mistype("abc", draw) for draw in np.linspace(0.01, 0.99, 50)} == {"bc", "bac", "ac", "acb"}


def test_slips_come_at_their_declared_rate() -> None:
    right = [entry for day in range(200) for entry in log_of(day, Logs(typo_rate=0.0))]
    typed = [entry for day in range(200) for entry in log_of(day, Logs(typo_rate=0.2))]
    wrong = np.mean([a != b for a, b in zip(right, typed, strict=True)])
    assert wrong == pytest.approx(0.2, abs=0.03)  # a swap of two equal letters is no slip
    assert [a != b for a, b in zip(right, typed, strict=True)].count(True) > 100


def test_what_is_left_of_a_draw_is_uniform_again() -> None:
    choice, rest = pick(0.55, 4)
    assert choice == 2
    assert rest == pytest.approx(0.2)


def test_volume_counts_entries_and_bytes() -> None:
    """Three ASCII letters are three bytes, two Chinese characters six, each with the end of its line."""
    assert log_volume(["abc", "振动"]) == (2, 4 + 7)
    assert log_volume([]) == (0, 0)
