"""Points of edwards25519: encoding, decoding and multiples of any point.

Source: RFC 8032, sections 5.1.2 to 5.1.4. A point is (X, Y, Z, T) with x = X/Z, y = Y/Z and x*y = T/Z, each below the
prime. `comb` multiplies the base point, which is much faster because its multiples are known beforehand.
"""

from evidock_agent.crypto.field import LOW, PRIME, inverse, square_root_steps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    Point = tuple[int, int, int, int]

CURVE = 0x52036CEE2B6FFE738CC740797779E89800700A4D4141D8AB75EB4DCA135978A3  # d of the curve's equation
TWICE_CURVE = 2 * CURVE % PRIME
BASE_X = 0x216936D3CD6E53FEC0A4E231FDD6DC5C692CC7609525A7B2C9562D608F25D51A
BASE_Y = 0x6666666666666666666666666666666666666666666666666666666666666658
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % PRIME)

# The y of the eight points of small order: of order 1, 2, 4 and twice of order 8.
_Y_OF_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER = (1, PRIME - 1, 0, _Y_OF_ORDER_8, PRIME - _Y_OF_ORDER_8)
_EIGHTS = int("8" * 64, 16)


def encode(x: int, y: int, z: int) -> bytes:
    """The 32 bytes of a point (RFC 8032, section 5.1.2)."""
    factor = inverse(z)
    return (y * factor % PRIME | (x * factor % PRIME & 1) << 255).to_bytes(32, "little")


def is_small_order(encoded: bytes) -> bool:
    """Whether 32 bytes stand for one of the eight points of small order, in any encoding of it."""
    return (int.from_bytes(encoded, "little") & LOW) % PRIME in _SMALL_ORDER


def decode_steps(encoded: bytes) -> "Generator[None, None, Point | None]":
    """Yield between slices and return the point, or None when 32 bytes are no canonical encoding of one.

    Source: RFC 8032, section 5.1.3.
    """
    y = int.from_bytes(encoded, "little")
    sign = y >> 255
    y &= LOW
    if y >= PRIME:
        return None
    square = y * y % PRIME
    x = yield from square_root_steps(square - 1, CURVE * square + 1)
    if x < 0 or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = PRIME - x
    return (x, y, 1, x * y % PRIME)


def prepared(point: "Point") -> "Point":
    """A point in the form in which `add` takes it: (Y+X, Y-X, 2Z, 2dT)."""
    x, y, z, t = point
    return (y + x, y - x, z + z, t * TWICE_CURVE % PRIME)


def add(point: "Point", other: "Point") -> "Point":
    """The sum of a point and a prepared point (RFC 8032, section 5.1.4; complete, so it doubles as well)."""
    x, y, z, t = point
    plus, minus, twice_z, curve_t = other
    a = (y - x) * minus % PRIME
    b = (y + x) * plus % PRIME
    c = t * curve_t % PRIME
    d = z * twice_z % PRIME
    e = b - a
    f = d - c
    g = d + c
    h = b + a
    return (e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME)


def multiply_steps(scalar: int, point: "Point") -> "Generator[None, None, Point]":
    """Yield between slices and return `scalar` (0 to 2**253) times `point`. For public scalars only.

    The scalar is taken in 64 digits of -8 to 7, so that 8 prepared multiples and their negatives serve.
    """
    prime = PRIME
    low = LOW
    single = prepared(point)
    multiples = [single]
    for _ in range(7):
        point = add(point, single)
        multiples.append(prepared(point))
    yield None
    x, y, z, e, h = 0, 1, 1, 0, 1  # T is e * h, multiplied only when an addition wants it
    # Eight is added to each digit, so that each can be read as four plain bits.
    for pair in reversed((scalar + _EIGHTS).to_bytes(32, "little")):
        for digit in ((pair >> 4) - 8, (pair & 15) - 8):
            for _ in range(4):  # double (RFC 8032, section 5.1.4)
                a = x * x
                b = y * y
                c = 2 * z * z
                e = x + y
                h = a + b
                e = h - e * e
                g = a - b
                f = c + g
                e = (e & low) + 19 * (e >> 255)
                f = (f & low) + 19 * (f >> 255)
                g = (g & low) + 19 * (g >> 255)
                h = (h & low) + 19 * (h >> 255)
                x = e * f % prime
                y = g * h % prime
                z = f * g % prime
            if digit:  # `add`, written out: calling it takes half as long again
                plus, minus, twice_z, curve_t = multiples[abs(digit) - 1]
                if digit > 0:
                    a = (y - x) * minus
                    b = (y + x) * plus
                    c = (e * h % prime) * curve_t
                else:
                    a = (y - x) * plus
                    b = (y + x) * minus
                    c = -(e * h % prime) * curve_t
                g = z * twice_z
                e = b - a
                f = g - c
                g += c
                h = b + a
                e = (e & low) + 19 * (e >> 255)
                f = (f & low) + 19 * (f >> 255)
                g = (g & low) + 19 * (g >> 255)
                h = (h & low) + 19 * (h >> 255)
                x = e * f % prime
                y = g * h % prime
                z = f * g % prime
            yield None
    return (x, y, z, e * h % prime)
