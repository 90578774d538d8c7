"""Numbers that moved must have been meant to move.

`baseline.json` holds what the reference study said when it was last written. It is no expected value: the
validation cases judge whether a number is right, this test only notices that one changed. A change that is meant
is written with `make rebaseline REASON="..."`, and the reason stands under "Results change" in CHANGELOG.md.
"""

import json
from pathlib import Path

import pytest

from model.inputs import replace_inputs
from scenarios.run import run_once
from scenarios.spec import load_study

ROOT = Path(__file__).parents[2]
BASELINE = Path(__file__).with_name("baseline.json")
STUDY = "steel-and-power"
DAYS = 60
TOLERANCE = 1e-9  # relative: what threads and machines may change, model.md principle 5


def current() -> dict[str, dict[str, float]]:
    """Return strategy -> "outcome | party" -> value of one replication of the reference study, 60 counted days."""
    study = load_study(STUDY)
    return {
        name: {
            " | ".join(key): value
            for key, value in sorted(
                run_once(replace_inputs(inputs, {"calendar.days": DAYS}), study.run.seed, 0).metrics.items()
            )
        }
        for name, inputs in study.strategies.items()
    }


@pytest.fixture(scope="module")
def baseline(request: pytest.FixtureRequest) -> dict[str, object]:
    reason = request.config.getoption("--rebaseline", default=None)
    if reason:
        text = json.dumps({"reason": reason, "strategies": current()}, indent=1, ensure_ascii=False)
        BASELINE.write_text(text + "\n", encoding="utf-8")
    return dict(json.loads(BASELINE.read_text(encoding="utf-8")))


def test_the_reference_study_says_what_it_said(baseline: dict[str, object]) -> None:
    before, now = baseline["strategies"], current()
    assert isinstance(before, dict)
    assert list(before) == list(now)
    for strategy, values in now.items():
        assert values == pytest.approx(before[strategy], rel=TOLERANCE, abs=TOLERANCE), strategy


def test_the_changelog_says_why_the_baseline_moved(baseline: dict[str, object]) -> None:
    section = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split("### Results change")[1].split("###")[0]
    assert str(baseline["reason"]) in " ".join(section.split())
