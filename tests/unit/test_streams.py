"""Random streams: published known answers, addresses, and independence of everything but the address."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtri

from model.streams import entity_id, normal, normal_quantile, normals, philox, stream_key, uniform, uniforms

# Random123 1.14, kat_vectors, philox4x32 with 10 rounds.
KNOWN_ANSWERS = [
    ((0, 0, 0, 0, 0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 6, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344, 0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("words", "expected"), KNOWN_ANSWERS)
def test_philox_gives_the_published_answers(words: tuple[int, ...], expected: tuple[int, ...]) -> None:
    assert tuple(int(word) for word in philox(*words)) == expected


def test_normal_quantile_agrees_with_an_independent_one() -> None:
    levels = np.concatenate([np.linspace(1e-9, 1.0 - 1e-9, 20_001), 10.0 ** -np.arange(2.0, 300.0)])
    ours = np.array([normal_quantile(level) for level in levels])
    away = np.abs(levels - 0.5) > 1e-6
    np.testing.assert_allclose(ours[away], ndtri(levels[away]), rtol=5e-15)


def test_uniforms_are_uniform_and_normals_normal() -> None:
    key = stream_key(7, 0, "check")
    days = np.arange(5_000)
    assert stats.kstest(uniforms(key, 3, days, 20).ravel(), "uniform").pvalue > 1e-3
    assert stats.kstest(normals(key, 3, days, 20).ravel(), "norm").pvalue > 1e-3


def test_neighbouring_addresses_are_uncorrelated() -> None:
    z = normals(stream_key(7, 0, "check"), 3, np.arange(20_000), 8)
    other = normals(stream_key(7, 1, "check"), 3, np.arange(20_000), 8)
    bound = 4.5 / np.sqrt(z.shape[0])
    assert np.abs(np.corrcoef(z.T) - np.eye(8)).max() < bound
    assert abs(np.corrcoef(z[1:, 0], z[:-1, 0])[0, 1]) < bound
    assert abs(np.corrcoef(z[:, 0], other[:, 0])[0, 1]) < bound


def test_a_draw_depends_on_its_address_only() -> None:
    key = stream_key(1, 2, "demand")
    block = normals(key, entity_id("steel"), np.arange(10), 24)
    assert block[7, 13] == normal(key, entity_id("steel"), 7, 13)
    assert normals(key, entity_id("steel"), np.array([7]), 14)[0, 13] == block[7, 13]


@pytest.mark.parametrize("changed", [(2, 2, "demand"), (1, 3, "demand"), (1, 2, "supply")])
def test_seed_replication_and_name_each_change_the_stream(changed: tuple[int, int, str]) -> None:
    base = uniform(stream_key(1, 2, "demand"), 0, 0, 0)
    assert uniform(stream_key(*changed), 0, 0, 0) != base


def test_keys_do_not_run_into_each_other() -> None:
    """(1, 12) and (11, 2) must not share a key although their digits do."""
    assert not np.array_equal(stream_key(1, 12, "x"), stream_key(11, 2, "x"))
