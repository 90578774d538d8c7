"""The case of symbiosis: its oracle against the closed form, the engine elsewhere, and what is refused."""

import json
import math

import pytest

from model.errors import InputError
from model.validation import symbiosis
from model.validation.catalogue import validate

pytestmark = pytest.mark.validation


@pytest.mark.parametrize(("mu", "sigma"), [(100.0, 20.0), (5.0, 0.01), (1000.0, 200.0)])
def test_oracle_gives_the_mean_of_the_smaller_of_two_normals(mu: float, sigma: float) -> None:
    """E min = mu - sigma / sqrt(pi); at five sd next to nothing is cut off at zero."""
    settings = symbiosis.SymbiosisMismatch(mu=mu, sigma=sigma)
    assert symbiosis.mean_match(settings) == pytest.approx(mu - sigma / math.sqrt(math.pi), rel=1e-6)


@pytest.mark.parametrize("given", [{"sigma": 25}, {"mu": 3, "sigma": 0.001}])
def test_engine_passes_elsewhere(given: dict[str, object]) -> None:
    tree = validate("symbiosis_mismatch", given).as_tree()
    assert tree["passed"], json.dumps(tree, indent=1)


def test_quantities_that_would_be_cut_off_are_refused() -> None:
    with pytest.raises(InputError, match="often be cut off at nothing.*at most mu / 4 = 25"):
        validate("symbiosis_mismatch", {"sigma": "25.1"})
