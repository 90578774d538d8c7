"""Maintenance logs: the free text that three crews write about a melting shop, day by day.

The crews' wording differs by language, habit and site: abbreviations, units, spelling, names of equipment, alarm
numbers. Routine notes always come; notes of trouble come more often while the equipment is worn. Nothing else about
the hidden state of wear enters the text.
"""

import numpy as np

from model.kernels import kernel
from model.records import Logs
from model.streams import Floats, Key, stream_key, uniform

CREWS = 3
"""Crews, each writing one shift a day; they change shifts every week."""

LOG_STREAMS = ("log_routine", "log_symptom", "log_breakdown")
"""Random streams of a log, in the order of its keys."""

MOST_ENTRIES = 8
"""Most entries of one kind that a shift writes."""
SLOTS = 1 + 2 * MOST_ENTRIES
"""Draws of one stream for one shift: the number of entries, then content and slip of each."""

SHIFTS = (("Früh:", "Spät:", "Nacht:"), ("early -", "late -", "night -"), ("早班:", "中班:", "夜班:"))
"""How each crew calls the shifts."""

EQUIPMENT = (("EAF1", "KP-3", "HY2", "M14"), ("LBO-2", "P301", "P302", "DR7"), ("1#炉", "泵B-2", "HS-04", "TR1"))
"""Names of furnace, pumps, hydraulics and drives, by site."""

ALARMS = (
    ("F217", "F305", "F118", "F442", "F509", "F260"),
    ("AL-41", "AL-07", "AL-12", "AL-33", "AL-58", "AL-44"),
    ("E7.03", "E2.11", "E4.02", "E5.09", "E1.17", "E7.08"),
)
"""Alarm number that a site's control panel shows for each symptom."""
ALARM_NOTES = (
    ("Meldung {a} an {e}", "{a} quittiert"),
    ("alarm {a} again", "{a} reset, {e}"),
    ("{e} 报警 {a}", "{a} 复位"),
)

SYMPTOMS = ("vibration", "electrode_wear", "cooling_temperature", "hydraulic_leak", "arc_instability", "bearing_noise")
"""What worn equipment shows."""
SPANS = ((6, 14), (20, 60), (42, 58), (3, 20), (5, 25), (70, 95))
"""Lowest and highest number in a note of each symptom: mm/s, mm, °C, l, kA, °C (assumption)."""

SYMPTOM_NOTES = (
    (
        (
            "Vibration am Antrieb {e} stark",
            "starke Schwingungen {e}",
            "Ofen rüttelt, Vibr. {n} mm/s",
            "Schwing. erhöht",
        ),
        ("Elektrodenverschleiß hoch, {n} mm", "El.-Abbrand stärker als üblich", "Elektrode {e} brennt schnell ab"),
        ("Kühlwasser {n} °C zu warm", "KW-Temp. {e} hoch", "Kühlwassertemperatur steigt, {n} Grad"),
        ("Hydraulik {e} undicht", "Ölverlust am Zyl. {e}", "Hydr.-Leckage, {n} l nachgefüllt"),
        ("Lichtbogen unruhig", "Bogen flackert, Strom schwankt {n} kA", "LB instabil"),
        ("Lager {e} läuft laut", "Geräusche am Lager {e}", "Lagergeräusch, Lager {n} Grad"),
    ),
    (
        ("High vibration on {e}, {n} mm/s", "mast arm shaking badly", "vib. up at {e}"),
        ("electrode wear high, {n} mm", "electrode consumption up", "tip erosion on {e}"),
        ("cooling water {n} degC, too hot", "CW temp. high at {e}", "cooling water temperature rising, {n} C"),
        ("hydraulic leak at {e}", "oil drip below cylinder {e}", "hyd. leakage, refilled {n} l"),
        ("arc unstable", "arc flicker, current swings {n} kA", "unsteady arc after boring"),
        ("noisy bearing {e}", "bearing rumble at {e}", "brg noise, {n} degC"),
    ),
    (
        ("{e}振动大", "炉体晃动明显", "振动值 {n} mm/s 偏高"),
        ("电极损耗快", "电极磨损严重 {n} mm", "{e}电极消耗偏高"),
        ("冷却水温 {n}℃ 偏高", "水温高 {e}", "冷却水过热"),
        ("液压站{e}漏油", "液压缸渗油", "油压低，漏油 {n} L"),
        ("电弧不稳", "弧流波动 {n} kA", "起弧困难"),
        ("轴承异响", "{e}轴承噪音大", "轴承发热 {n}℃"),
    ),
)
"""Each crew's wording of each symptom."""

ROUTINE_NOTES = (
    (
        "Rundgang ohne Befund",
        "Elektrode {e} nachgesetzt",
        "Kühlwasserfilter gereinigt",
        "Schmierung {e} erledigt",
        "Übergabe: alles i.O.",
        "Pfanne {n} gewechselt",
        "Hydrauliköl Stand {n} %",
        "Schwingungssensor {e} geprüft, i.O.",
        "Probe {n} ins Labor",
    ),
    (
        "walkround OK",
        "added electrode on {e}",
        "cleaned cooling water filter",
        "greased bearing {e}",
        "handover, nothing to report",
        "ladle {n} changed",
        "hydraulic oil level {n} %",
        "vibration sensor {e} checked, ok",
        "sample {n} to lab",
    ),
    (
        "巡检正常",
        "{e}加接电极",
        "清洗冷却水滤网",
        "{e}轴承加油",
        "交接班，无异常",
        "更换钢包 {n}",
        "液压油位 {n}%",
        "{e}振动传感器检查正常",
        "取样 {n} 送检",
    ),
)
"""Each crew's routine notes; some use the words of symptoms."""

BREAKDOWN_NOTES = (
    "Störung {e}, Stillstand {n} min, behoben",
    "breakdown {e}, down {n} min, fixed",
    "{e}故障停机 {n} 分钟，已修复",
)
"""Each crew's note of a breakdown."""


def log_keys(seed: int, replication: int) -> Key:
    """Return the keys of a run's log streams, shape (3, 2)."""
    return np.array([stream_key(seed, replication, name) for name in LOG_STREAMS])


@kernel
def poisson_count(draw: float, mean: float) -> int:
    """Return the Poisson quantile of a uniform draw, at most `MOST_ENTRIES`: it never falls when `mean` grows."""
    term = total = np.exp(-mean)
    count = 0
    while draw > total and count < MOST_ENTRIES:
        count += 1
        term *= mean / count
        total += term
    return count


@kernel
def count_and_draw(keys: Key, entity: int, day: int, routine: float, symptoms: float) -> Floats:
    """Return the three shifts' numbers of entries and the draws behind each entry, shape (2, CREWS, SLOTS).

    Row 0 is routine, row 1 symptoms, of those means. Column 0 is a Poisson count, the two columns after it content and
    slip of the first entry, uniform in (0, 1), and so on; draws of entries that are not written are not made, which
    moves no other draw.
    """
    out = np.zeros((2, CREWS, SLOTS))
    for kind in range(2):
        mean = routine if kind == 0 else symptoms
        for shift in range(CREWS):
            first = shift * SLOTS
            count = poisson_count(uniform(keys[kind], entity, day, first), mean)
            out[kind, shift, 0] = count
            for k in range(1, 1 + 2 * count):
                out[kind, shift, k] = uniform(keys[kind], entity, day, first + k)
    return out


def pick(draw: float, choices: int) -> tuple[int, float]:
    """Return a choice out of 0 to `choices` - 1, and what is left of the draw: again uniform in [0, 1)."""
    scaled = draw * choices
    choice = int(scaled)
    return choice, scaled - choice


def mistype(text: str, draw: float) -> str:
    """Return `text` with one letter left out or two swapped, at a place that the draw decides."""
    place, rest = pick(draw, len(text) - 1)
    if rest < 1.0 / 2.0:
        return text[:place] + text[place + 1 :]
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def entry(shift: str, note: str, slip: float, typo_rate: float) -> str:
    """Return a note as it stands in the book, mistyped in a share `typo_rate` of all draws `slip`."""
    return f"{shift} {mistype(note, slip / typo_rate) if slip < typo_rate else note}"


def symptom_note(crew: int, site: int, draw: float, code_share: float) -> str:
    """Return a crew's note of a symptom, each symptom alike likely: in words or as the site's alarm number."""
    symptom, rest = pick(draw, len(SYMPTOMS))
    low, high = SPANS[symptom]
    coded = rest < code_share
    rest = rest / code_share if coded else (rest - code_share) / (1.0 - code_share)
    notes = ALARM_NOTES[crew] if coded else SYMPTOM_NOTES[crew][symptom]
    note, rest = pick(rest, len(notes))
    equipment, rest = pick(rest, len(EQUIPMENT[site]))
    number = low + int(rest * (high - low))
    return notes[note].format(a=ALARMS[site][symptom], e=EQUIPMENT[site][equipment], n=number)


def routine_note(crew: int, site: int, draw: float) -> str:
    """Return one of a crew's routine notes, all alike likely."""
    note, rest = pick(draw, len(ROUTINE_NOTES[crew]))
    equipment, rest = pick(rest, len(EQUIPMENT[site]))
    return ROUTINE_NOTES[crew][note].format(e=EQUIPMENT[site][equipment], n=1 + int(rest * 99))


def breakdown_note(crew: int, site: int, draw: float) -> str:
    """Return a crew's note of a breakdown that it repaired."""
    equipment, rest = pick(draw, len(EQUIPMENT[site]))
    return BREAKDOWN_NOTES[crew].format(e=EQUIPMENT[site][equipment], n=10 + int(rest * 230))


def write_log(keys: Key, entity: int, day: int, logs: Logs, *, worn: bool, failed: bool) -> list[str]:
    """Return what the three shifts of one day write, one text per entry, in order of the shifts.

    Args:
        keys: as from `log_keys`, shape (3, 2).
        entity: stream entity of the firm; it also decides which of three sites' names and codes are used.
        day: model day.
        logs: how much and how carelessly the crews write.
        worn: whether the equipment is worn; `failed`: whether it broke down that day.
    """
    site = entity % len(EQUIPMENT)
    symptom_rate = logs.symptom_rate_worn if worn else logs.symptom_rate_healthy
    routine, symptoms = count_and_draw(keys, entity, day, logs.entries, symptom_rate).tolist()
    broken_shift = pick(uniform(keys[2], entity, day, 0), CREWS)[0] if failed else -1
    entries: list[str] = []
    for shift in range(CREWS):
        crew = (shift + day // 7) % CREWS
        name, draws, trouble = SHIFTS[crew][shift], routine[shift], symptoms[shift]
        entries += [
            entry(name, routine_note(crew, site, draws[k]), draws[k + 1], logs.typo_rate)
            for k in range(1, 1 + 2 * int(draws[0]), 2)
        ]
        entries += [
            entry(name, symptom_note(crew, site, trouble[k], logs.code_share), trouble[k + 1], logs.typo_rate)
            for k in range(1, 1 + 2 * int(trouble[0]), 2)
        ]
        if shift == broken_shift:
            note = breakdown_note(crew, site, uniform(keys[2], entity, day, 1))
            entries.append(entry(name, note, uniform(keys[2], entity, day, 2), logs.typo_rate))
    return entries


def log_volume(entries: list[str]) -> tuple[int, int]:
    """Return how many entries a log has and how many bytes (UTF-8, one line each)."""
    return len(entries), sum(len(entry.encode()) + 1 for entry in entries)
