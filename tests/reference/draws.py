"""Keyed random numbers in plain Python: Philox4x32-10 and the normal quantile of the standard library."""

import hashlib
from statistics import NormalDist

WORD = 0xFFFFFFFF
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
STANDARD_NORMAL = NormalDist()


def philox(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the block of four 32-bit words at `counter` (Salmon et al. 2011, ten rounds)."""
    a, b, c, d = counter
    k0, k1 = key
    for _ in range(10):
        first, second = MULTIPLIERS[0] * a, MULTIPLIERS[1] * c
        a, b, c, d = (second >> 32) ^ b ^ k0, second & WORD, (first >> 32) ^ d ^ k1, first & WORD
        k0, k1 = (k0 + KEY_STEPS[0]) & WORD, (k1 + KEY_STEPS[1]) & WORD
    return a, b, c, d


def entity_number(name: str) -> int:
    """Return the 32-bit number under which an entity draws."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "little")


class Stream:
    """A named stream of draws, each addressed by (entity, day, slot)."""

    def __init__(self, seed: int, replication: int, name: str) -> None:
        digest = hashlib.blake2b(f"{seed}|{replication}|{name}".encode(), digest_size=8).digest()
        self.key = (int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little"))

    def uniform(self, entity: int, day: int, slot: int = 0) -> float:
        """Return a draw in (0, 1) of 53 bits; a block of four words holds two of them."""
        words = philox((entity, day, slot // 2, 0), self.key)
        high, low = words[2:] if slot % 2 else words[:2]
        return (float((high << 21) | (low >> 11)) + 0.5) / 2.0**53

    def normal(self, entity: int, day: int, slot: int = 0) -> float:
        """Return a standard normal draw."""
        return STANDARD_NORMAL.inv_cdf(self.uniform(entity, day, slot))
