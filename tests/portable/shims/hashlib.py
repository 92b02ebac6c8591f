"""MicroPython's SHA-256, and SHA-512 by FIPS 180-4 as it is printed: not the recorder's."""

from hashlib import sha256  # noqa: F401

_MASK = (1 << 64) - 1


def _root_bits(number, power):
    """The first 64 bits of the fraction of the root of a prime."""
    low, high = 0, number << 64
    target = number << (64 * power)
    while high - low > 1:
        middle = (low + high) >> 1
        if middle**power <= target:
            low = middle
        else:
            high = middle
    return low & _MASK


def _primes(count):
    found, number = [], 2
    while len(found) < count:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return found


_PRIMES = _primes(80)
_K = [_root_bits(prime, 3) for prime in _PRIMES]
_START = [_root_bits(prime, 2) for prime in _PRIMES[:8]]


def _turn(word, bits):
    return (word >> bits | word << (64 - bits)) & _MASK


class sha512:
    def __init__(self, data=b""):
        self._data = bytes(data)

    def update(self, data):
        self._data += bytes(data)

    def digest(self):
        length = len(self._data)
        data = self._data + b"\x80" + bytes((111 - length) % 128) + (8 * length).to_bytes(16, "big")
        state = list(_START)
        for at in range(0, len(data), 128):
            w = [int.from_bytes(data[at + 8 * i : at + 8 * i + 8], "big") for i in range(16)]
            for t in range(16, 80):
                low = _turn(w[t - 15], 1) ^ _turn(w[t - 15], 8) ^ w[t - 15] >> 7
                high = _turn(w[t - 2], 19) ^ _turn(w[t - 2], 61) ^ w[t - 2] >> 6
                w.append((w[t - 16] + low + w[t - 7] + high) & _MASK)
            a, b, c, d, e, f, g, h = state
            for t in range(80):
                one = h + (_turn(e, 14) ^ _turn(e, 18) ^ _turn(e, 41)) + (e & f ^ (_MASK ^ e) & g) + _K[t] + w[t]
                two = (_turn(a, 28) ^ _turn(a, 34) ^ _turn(a, 39)) + (a & b ^ a & c ^ b & c)
                h, g, f, e, d, c, b, a = g, f, e, (d + one) & _MASK, c, b, a, (one + two) & _MASK
            state = [(old + new) & _MASK for old, new in zip(state, (a, b, c, d, e, f, g, h))]  # noqa: B905
        return b"".join([word.to_bytes(8, "big") for word in state])

    def hexdigest(self):
        return self.digest().hex()
