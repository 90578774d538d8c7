"""The reference's own random numbers, against published vectors and another library."""

import math

import pytest
from scipy.special import ndtri

from tests.reference.draws import STANDARD_NORMAL, Stream, entity_number, philox

ONES = 0xFFFFFFFF


@pytest.mark.parametrize(
    ("counter", "key", "block"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((ONES,) * 4, (ONES,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_published_blocks(
    counter: tuple[int, int, int, int], key: tuple[int, int], block: tuple[int, int, int, int]
) -> None:
    # Known-answer vectors of Philox4x32-10, Salmon et al. (2011), Random123 distribution.
    assert philox(counter, key) == block


def test_the_normal_quantile_is_that_of_another_library() -> None:
    shares = [10.0**-k for k in range(1, 17)] + [k / 997 for k in range(1, 997)]
    for p in shares:
        assert math.isclose(STANDARD_NORMAL.inv_cdf(p), float(ndtri(p)), rel_tol=1e-12, abs_tol=1e-15), p


def test_draws_of_an_address_do_not_depend_on_what_was_drawn_before() -> None:
    one, two = Stream(7, 3, "demand"), Stream(7, 3, "demand")
    entity = entity_number("steel")
    late = one.normal(entity, 40, 5)
    assert [two.normal(entity, day, 5) for day in (3, 40)][1] == late
    assert Stream(7, 4, "demand").normal(entity, 40, 5) != late
