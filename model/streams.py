"""Keyed random streams: every draw is a pure function of its address.

A draw is addressed by (seed, replication, stream name) - hashed into a 64-bit key - and by
(entity, day, slot) - the counter. It does not depend on the strategy, on call order, on how
many other agents exist, or on threads, so two strategies live through the same weather,
demand and breakdowns (common random numbers), and a new stream shifts nobody else's draws.

Generator: Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy
as 1, 2, 3", SC'11). Normal quantile: Wichura (1988), algorithm AS 241, Applied Statistics 37(3).
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

from model.kernels import kernel

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]
type Key = NDArray[np.uint32]

_M0 = np.uint64(0xD2511F53)
_M1 = np.uint64(0xCD9E8D57)
_W0 = np.uint32(0x9E3779B9)
_W1 = np.uint32(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_TO_UNIT = 2.0**-53
_BELOW_ONE = 1.0 - 2.0**-53


def stream_key(seed: int, replication: int, name: str) -> Key:
    """Return the 64-bit key of the stream `name` as two uint32, shape (2,)."""
    text = f"{seed}|{replication}|{name}".encode()
    return np.frombuffer(hashlib.blake2b(text, digest_size=8).digest(), dtype="<u4").astype(np.uint32)


def entity_id(name: str) -> int:
    """Return a stable 32-bit number for an entity, from its name alone."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "little")


@kernel
def philox(c0: int, c1: int, c2: int, c3: int, k0: int, k1: int) -> tuple[np.uint32, np.uint32, np.uint32, np.uint32]:
    """Return the four 32-bit words of Philox4x32-10 at counter `c` and key `k`."""
    x0, x1, x2, x3 = np.uint32(c0), np.uint32(c1), np.uint32(c2), np.uint32(c3)
    a, b = np.uint32(k0), np.uint32(k1)
    for _ in range(10):
        p0 = _M0 * np.uint64(x0)
        p1 = _M1 * np.uint64(x2)
        y0 = np.uint32(np.uint32(p1 >> np.uint64(32)) ^ x1 ^ a)
        y2 = np.uint32(np.uint32(p0 >> np.uint64(32)) ^ x3 ^ b)
        x0, x1, x2, x3 = y0, np.uint32(p1 & _LOW), y2, np.uint32(p0 & _LOW)
        a = np.uint32(a + _W0)
        b = np.uint32(b + _W1)
    return x0, x1, x2, x3


@kernel
def uniform(key: Key, entity: int, day: int, slot: int) -> float:
    """Return the uniform draw in (0, 1), 53 bits, at (entity, day, slot) of the stream `key`."""
    w0, w1, w2, w3 = philox(entity, day, slot >> 1, 0, key[0], key[1])
    high, low = (w0, w1) if (slot & 1) == 0 else (w2, w3)
    bits = (np.uint64(high) << np.uint64(21)) ^ (np.uint64(low) >> np.uint64(11))
    return min((np.float64(bits) + 0.5) * _TO_UNIT, _BELOW_ONE)


@kernel
def normal_quantile(p: float) -> float:
    """Return the standard normal quantile of `p` in (0, 1), to 1e-15 relative (AS 241, PPND16)."""
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        num = (
            (
                (
                    (
                        ((2.5090809287301226727e3 * r + 3.3430575583588128105e4) * r + 6.7265770927008700853e4) * r
                        + 4.5921953931549871457e4
                    )
                    * r
                    + 1.3731693765509461125e4
                )
                * r
                + 1.9715909503065514427e3
            )
            * r
            + 1.3314166789178437745e2
        ) * r + 3.3871328727963666080e0
        den = (
            (
                (
                    (
                        ((5.2264952788528545610e3 * r + 2.8729085735721942674e4) * r + 3.9307895800092710610e4) * r
                        + 2.1213794301586595867e4
                    )
                    * r
                    + 5.3941960214247511077e3
                )
                * r
                + 6.8718700749205790830e2
            )
            * r
            + 4.2313330701600911252e1
        ) * r + 1.0
        return q * num / den
    r = np.sqrt(-np.log(min(p, 1.0 - p)))
    if r <= 5.0:
        r -= 1.6
        num = (
            (
                (
                    (
                        ((7.74545014278341407640e-4 * r + 2.27238449892691845833e-2) * r + 2.41780725177450611770e-1)
                        * r
                        + 1.27045825245236838258e0
                    )
                    * r
                    + 3.64784832476320460504e0
                )
                * r
                + 5.76949722146069140550e0
            )
            * r
            + 4.63033784615654529590e0
        ) * r + 1.42343711074968357734e0
        den = (
            (
                (
                    (
                        ((1.05075007164441684324e-9 * r + 5.47593808499534494600e-4) * r + 1.51986665636164571966e-2)
                        * r
                        + 1.48103976427480074590e-1
                    )
                    * r
                    + 6.89767334985100004550e-1
                )
                * r
                + 1.67638483018380384940e0
            )
            * r
            + 2.05319162663775882187e0
        ) * r + 1.0
    else:
        r -= 5.0
        num = (
            (
                (
                    (
                        ((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 1.24266094738807843860e-3)
                        * r
                        + 2.65321895265761230930e-2
                    )
                    * r
                    + 2.96560571828504891230e-1
                )
                * r
                + 1.78482653991729133580e0
            )
            * r
            + 5.46378491116411436990e0
        ) * r + 6.65790464350110377720e0
        den = (
            (
                (
                    (
                        ((2.04426310338993978564e-15 * r + 1.42151175831644588870e-7) * r + 1.84631831751005468180e-5)
                        * r
                        + 7.86869131145613259100e-4
                    )
                    * r
                    + 1.48753612908506148525e-2
                )
                * r
                + 1.36929880922735805310e-1
            )
            * r
            + 5.99832206555887937690e-1
        ) * r + 1.0
    z = num / den
    return float(-z if q < 0.0 else z)


@kernel
def normal(key: Key, entity: int, day: int, slot: int) -> float:
    """Return the standard normal draw at (entity, day, slot) of the stream `key`."""
    return normal_quantile(uniform(key, entity, day, slot))


@kernel
def normals(key: Key, entity: int, days: Ints, slots: int) -> Floats:
    """Return standard normals of one entity, shape (len(days), slots)."""
    out = np.empty((days.size, slots))
    for i in range(days.size):
        for j in range(slots):
            out[i, j] = normal_quantile(uniform(key, entity, days[i], j))
    return out


@kernel
def uniforms(key: Key, entity: int, days: Ints, slots: int) -> Floats:
    """Return uniforms in (0, 1) of one entity, shape (len(days), slots)."""
    out = np.empty((days.size, slots))
    for i in range(days.size):
        for j in range(slots):
            out[i, j] = uniform(key, entity, days[i], j)
    return out
