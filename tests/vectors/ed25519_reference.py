"""Ed25519 as RFC 8032 section 5.1 says it, slow and plain: what the vectors come from and the benchmark's baseline.

Nothing of evidock_agent is used. The hash comes in as an argument, because MicroPython has no SHA-512.
"""

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
IDENTITY = (0, 1, 1, 0)


def add(p, q):
    """Section 5.1.4."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def multiply(scalar, point):
    result = IDENTITY
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def encode(point):
    """Section 5.1.2."""
    inverse = pow(point[2], P - 2, P)
    x = point[0] * inverse % P
    y = point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decode(encoded):
    """Section 5.1.3; None when it is no point."""
    y = int.from_bytes(encoded, "little")
    sign = y >> 255
    y %= 1 << 255
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or x * x % P != square or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def number(digest):
    """A digest as a scalar."""
    return int.from_bytes(digest, "little") % L


def expand(seed, sha512):
    """Section 5.1.5, steps 1 and 2: scalar and prefix."""
    digest = sha512(seed)
    scalar = int.from_bytes(digest[:32], "little") % (1 << 254) | 1 << 254
    return scalar - scalar % 8, digest[32:]


def public_key(seed, sha512):
    """Section 5.1.5."""
    return encode(multiply(expand(seed, sha512)[0], BASE))


def sign(seed, public, message, sha512, hedge=b""):
    """Section 5.1.6; with 32 bytes of hedge the nonce of draft-irtf-cfrg-det-sigs-with-noise-05."""
    scalar, prefix = expand(seed, sha512)
    if hedge:
        prefix = hedge + bytes(96) + prefix + bytes(96)
    nonce = number(sha512(prefix + message))
    commitment = encode(multiply(nonce, BASE))
    challenge = number(sha512(commitment + public + message))
    return commitment + ((nonce + challenge * scalar) % L).to_bytes(32, "little")


def verify(public, message, signature, sha512):
    """Section 5.1.7 without the cofactor, and no stricter than that."""
    key = decode(public)
    commitment = decode(signature[:32])
    response = int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or response >= L:
        return False
    challenge = number(sha512(signature[:32] + public + message))
    return encode(multiply(response, BASE)) == encode(add(commitment, multiply(challenge, key)))
