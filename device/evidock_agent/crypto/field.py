"""Arithmetic modulo the prime 2**255 - 19: the constants, the inverse and the square root.

Source: RFC 8032, sections 5.1 and 5.1.3. Python's big integers do the work. What multiplies in a loop folds its own
products, `(x & LOW) + 19 * (x >> 255)`, since 2**255 is 19 modulo the prime: four cheap operations in place of a long
division, for a number that is a few bits too long. Only what leaves a formula is reduced with `%`.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

PRIME = (1 << 255) - 19
LOW = (1 << 255) - 1  # the bits that a fold keeps
ROOT_OF_MINUS_ONE = 0x2B8324804FC1DF0B2B4D00993DFBD7A72F431806AD2FE478C4EE1B274A0EA0B0

# Raising to 2**252 - 3 in steps: square the newest power so often, then multiply it by the power at that index.
# Powers 0 to 10 have exponents of 1, 2, 4, 5, 10, 20, 40, 50, 100, 200 and 250 one bits. Bytes, to spare the heap.
_SQUARINGS = b"\x01\x02\x01\x05\x0a\x14\x0a\x32\x64\x32\x02"
_FACTORS = b"\x00\x01\x00\x03\x04\x05\x04\x07\x08\x07\x00"


def inverse(number: int) -> int:
    """The inverse of a `number` that is not zero modulo the prime, by Euclid's extended algorithm.

    Several times faster than raising to PRIME - 2, but its time depends on `number`: whoever inverts what depends on a
    secret multiplies it by a secret random factor first.
    """
    a = PRIME
    b = number % PRIME
    u = 0
    v = 1
    while b > 1:
        quotient = a // b
        a, b = b, a - quotient * b
        u, v = v, u - quotient * v
    return v % PRIME


def square_root_steps(above: int, below: int) -> "Generator[None, None, int]":
    """Yield between slices and return a root of `above` / `below`, or -1 when there is none.

    Source: RFC 8032, section 5.1.3, steps 2 and 3. Which of the two roots it is stays open.
    """
    cube = below * below % PRIME * below % PRIME
    power = cube * cube % PRIME * below % PRIME * above % PRIME  # above * below**7
    powers = [power]
    for squarings, index in zip(_SQUARINGS, _FACTORS):
        for _ in range(squarings):
            power = power * power % PRIME
        power = power * powers[index] % PRIME
        powers.append(power)
        yield None
    root = above * cube % PRIME * power % PRIME
    check = below * root % PRIME * root % PRIME
    if check == above % PRIME:
        return root
    if check == -above % PRIME:
        return root * ROOT_OF_MINUS_ONE % PRIME
    return -1
