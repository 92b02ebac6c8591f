"""Writes ed25519.json and ed25519_sha512.json beside this file, from sources independent of evidock_agent.

The signatures are those of RFC 8032 section 7.1, copied from it; digests come from hashlib; everything else is made by
`ed25519_reference`. What must be rejected is made so that, wherever it can be, the equation itself holds and only the
rule in "why" speaks against it. A test asks libsodium about each case.
"""

import hashlib
import json
from pathlib import Path

from vectors.ed25519_reference import (
    BASE,
    IDENTITY,
    L,
    P,
    add,
    decode,
    encode,
    expand,
    multiply,
    number,
    public_key,
    sign,
)

HERE = Path(__file__).parent

# RFC 8032, section 7.1: name, seed, public key, message, signature.
RFC_8032 = [
    (
        "TEST 1",
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "TEST 2",
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "TEST 3",
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "TEST 1024",
        "f5e5767cf153319517630f226876b86c8160cc583bc013744c6bf255f5cc0ee5",
        "278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e",
        "08b8b2b733424243760fe426a4b54908632110a66c2f6591eabd3345e3e4eb98fa6e264bf09efe12ee50f8f54e9f77b1e355f6c50544"
        "e23fb1433ddf73be84d879de7c0046dc4996d9e773f4bc9efe5738829adb26c81b37c93a1b270b20329d658675fc6ea534e0810a4432"
        "826bf58c941efb65d57a338bbd2e26640f89ffbc1a858efcb8550ee3a5e1998bd177e93a7363c344fe6b199ee5d02e82d522c4feba15"
        "452f80288a821a579116ec6dad2b3b310da903401aa62100ab5d1a36553e06203b33890cc9b832f79ef80560ccb9a39ce767967ed628"
        "c6ad573cb116dbefefd75499da96bd68a8a97b928a8bbc103b6621fcde2beca1231d206be6cd9ec7aff6f6c94fcd7204ed3455c68c83"
        "f4a41da4af2b74ef5c53f1d8ac70bdcb7ed185ce81bd84359d44254d95629e9855a94a7c1958d1f8ada5d0532ed8a5aa3fb2d17ba70e"
        "b6248e594e1a2297acbbb39d502f1a8c6eb6f1ce22b3de1a1f40cc24554119a831a9aad6079cad88425de6bde1a9187ebb6092cf67bf"
        "2b13fd65f27088d78b7e883c8759d2c4f5c65adb7553878ad575f9fad878e80a0c9ba63bcbcc2732e69485bbc9c90bfbd62481d9089b"
        "eccf80cfe2df16a2cf65bd92dd597b0707e0917af48bbb75fed413d238f5555a7a569d80c3414a8d0859dc65a46128bab27af87a7131"
        "4f318c782b23ebfe808b82b0ce26401d2e22f04d83d1255dc51addd3b75a2b1ae0784504df543af8969be3ea7082ff7fc9888c144da2"
        "af58429ec96031dbcad3dad9af0dcbaaaf268cb8fcffead94f3c7ca495e056a9b47acdb751fb73e666c6c655ade8297297d07ad1ba5e"
        "43f1bca32301651339e22904cc8c42f58c30c04aafdb038dda0847dd988dcda6f3bfd15c4b4c4525004aa06eeff8ca61783aacec57fb"
        "3d1f92b0fe2fd1a85f6724517b65e614ad6808d6f6ee34dff7310fdc82aebfd904b01e1dc54b2927094b2db68d6f903b68401adebf5a"
        "7e08d78ff4ef5d63653a65040cf9bfd4aca7984a74d37145986780fc0b16ac451649de6188a7dbdf191f64b5fc5e2ab47b57f7f7276c"
        "d419c17a3ca8e1b939ae49e488acba6b965610b5480109c8b17b80e1b7b750dfc7598d5d5011fd2dcc5600a32ef5b52a1ecc820e308a"
        "a342721aac0943bf6686b64b2579376504ccc493d97e6aed3fb0f9cd71a43dd497f01f17c0e2cb3797aa2a2f256656168e6c496afc5f"
        "b93246f6b1116398a346f1a641f3b041e989f7914f90cc2c7fff357876e506b50d334ba77c225bc307ba537152f3f1610e4eafe595f6"
        "d9d90d11faa933a15ef1369546868a7f3a45a96768d40fd9d03412c091c6315cf4fde7cb68606937380db2eaaa707b4c4185c32eddcd"
        "d306705e4dc1ffc872eeee475a64dfac86aba41c0618983f8741c5ef68d3a101e8a3b8cac60c905c15fc910840b94c00a0b9d0",
        "0aab4c900501b3e24d7cdf4663326a3a87df5e4843b2cbdb67cbf6e460fec350"
        "aa5371b1508f9f4528ecea23c436d94b5e8fcd4f681e30a6ac00a9704a188a03",
    ),
    (
        "TEST SHA(abc)",
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
        "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
]
SEED = bytes(range(32))


def sha512(data: bytes) -> bytes:
    return hashlib.sha512(data).digest()


SECRET = expand(SEED, sha512)[0]
PUBLIC = public_key(SEED, sha512)
NONCE = number(sha512(b"a nonce for what is made by hand"))


def number_bytes(value: int) -> bytes:
    return value.to_bytes(32, "little")


def small_order_point():
    """A point of order 8: L times any point that has such a part."""
    y = 2
    while True:
        point = decode(number_bytes(y))
        if point is not None:
            point = multiply(L, point)
            if encode(multiply(4, point)) != encode(IDENTITY):
                return point
        y += 1


EIGHTH = small_order_point()


def made(name: str, why: str, public: bytes, message: bytes, signature: bytes) -> dict[str, object]:
    return {"name": name, "why": why, "public": public, "message": message, "signature": signature}


def crafted(public: bytes, commitment: bytes, condition: int | None = None) -> tuple[bytes, bytes]:
    """A message and a signature S = nonce + k * secret; k modulo 8 is `condition`, or anything but 0 with None."""
    for count in range(256):
        message = b"message %d" % count
        challenge = number(sha512(commitment + public + message))
        if challenge % 8 == condition or (condition is None and challenge % 8 != 0):
            return message, commitment + number_bytes((NONCE + challenge * SECRET) % L)
    raise AssertionError("no message found")


def sign_vectors() -> list[dict[str, object]]:
    keys = ("name", "seed", "public", "message", "signature")
    return [dict(zip(keys, row, strict=True)) for row in RFC_8032]


def hedged_vectors() -> list[dict[str, object]]:
    found = []
    for hedge in (bytes(32), b"\xff" * 32, sha512(b"hedge")[:32]):
        for message in (b"", b"abc", bytes(300)):
            signature = sign(SEED, PUBLIC, message, sha512, hedge)
            found.append({"seed": SEED, "public": PUBLIC, "hedge": hedge, "message": message, "signature": signature})
    return found


def accepted_vectors() -> list[dict[str, object]]:
    mixed = encode(add(multiply(SECRET, BASE), EIGHTH))
    commitment = encode(multiply(NONCE, BASE))
    return [
        made("ordinary", "signed as usual", PUBLIC, b"message", sign(SEED, PUBLIC, b"message", sha512)),
        made("empty message", "signed as usual", PUBLIC, b"", sign(SEED, PUBLIC, b"", sha512)),
        made(
            "key with a part of small order, k a multiple of 8",
            "the equation holds even without the cofactor",
            mixed,
            *crafted(mixed, commitment, 0),
        ),
    ]


def rejected_vectors() -> list[dict[str, object]]:
    message = b"message"
    signature = sign(SEED, PUBLIC, message, sha512)
    commitment, response = signature[:32], int.from_bytes(signature[32:], "little")
    found = [
        made("another message", "the equation does not hold", PUBLIC, b"massage", signature),
        made("R changed", "the equation does not hold", PUBLIC, message, bytes([signature[0] ^ 1]) + signature[1:]),
        made("R's sign changed", "R is compared whole", PUBLIC, message, sign_turned(commitment) + signature[32:]),
        made("S changed", "the equation does not hold", PUBLIC, message, signature[:63] + bytes([signature[63] ^ 1])),
        made("S negated", "the equation does not hold", PUBLIC, message, commitment + number_bytes(L - response)),
        made("S is zero", "the equation does not hold", PUBLIC, message, commitment + bytes(32)),
        made("another key", "the equation does not hold", encode(multiply(SECRET + 1, BASE)), message, signature),
        made("key's sign changed", "the equation does not hold", sign_turned(PUBLIC), message, signature),
        made("all zero", "key and R have small order", bytes(32), message, bytes(64)),
    ]
    for times in (1, 2, 7, 14):
        malleable = commitment + number_bytes(response + times * L)
        found.append(made(f"S + {times} L", "S is not below L", PUBLIC, message, malleable))
    found.append(made("S is L", "S is not below L", PUBLIC, message, commitment + number_bytes(L)))
    found.append(made("S is all ones", "S is not below L", PUBLIC, message, commitment + b"\xff" * 32))
    for y in (2, P + 3, P + 18):
        other = number_bytes(y)
        name = f"p + {y - P}" if y >= P else str(y)
        why = "not a canonical encoding" if y >= P else "no point has this y"
        found.append(made(f"key is {name}", why, other, *crafted(other, commitment, 0)))
        found.append(made(f"R is {name}", why, PUBLIC, *crafted(PUBLIC, other, 0)))
    found += [
        made("key of 31 bytes", "a key has 32", PUBLIC[:31], message, signature),
        made("key of 33 bytes", "a key has 32", PUBLIC + b"\0", message, signature),
        made("signature of 63 bytes", "a signature has 64", PUBLIC, message, signature[:63]),
        made("signature of 65 bytes", "a signature has 64", PUBLIC, message, signature + b"\0"),
        made("empty signature", "a signature has 64", PUBLIC, message, b""),
    ]
    return found + small_order_rejected() + mixed_order_rejected()


def sign_turned(encoded: bytes) -> bytes:
    return encoded[:31] + bytes([encoded[31] ^ 0x80])


def small_order_encodings() -> list[tuple[str, bytes]]:
    """The eight points of small order, and every other way in which a lenient decoder would find one of them."""
    found = [(f"{index}/8 of the circle", encode(multiply(index, EIGHTH))) for index in range(8)]
    for name, y in (("1", 1), ("p - 1", P - 1)):
        found.append((f"y = {name}, x = -0", number_bytes(y | 1 << 255)))
    for y in (P, P + 1):
        found.append((f"y = p + {y - P}", number_bytes(y)))
        found.append((f"y = p + {y - P} with sign", number_bytes(y | 1 << 255)))
    return found


def small_order_rejected() -> list[dict[str, object]]:
    """Keys and R of small order. With the key's k a multiple of 8, or R the identity, the equation itself holds."""
    found = []
    commitment = encode(multiply(NONCE, BASE))
    for name, encoded in small_order_encodings():
        message = crafted(encoded, commitment, 0)[0]
        # k times the key vanishes, so S is the nonce alone.
        found.append(
            made(f"key {name}", "small order", encoded, message, commitment + number_bytes(NONCE)),
        )
        challenge = number(sha512(encoded + PUBLIC + b"message"))
        response = number_bytes(challenge * SECRET % L)
        found.append(made(f"R {name}", "small order", PUBLIC, b"message", encoded + response))
    # R cancels k times the small part of the key, so the equation holds although R has small order.
    mixed = encode(add(multiply(SECRET, BASE), EIGHTH))
    for count in range(256):
        message = b"message %d" % count
        for index in range(8):
            encoded = encode(multiply(index, EIGHTH))
            challenge = number(sha512(encoded + mixed + message))
            if (challenge + index) % 8 == 0 and index:
                response = number_bytes(challenge * SECRET % L)
                found.append(
                    made("R cancels the key's small part", "R of small order", mixed, message, encoded + response)
                )
                return found
    raise AssertionError("no message found")


def mixed_order_rejected() -> list[dict[str, object]]:
    """What a verifier that multiplies by the cofactor accepts."""
    mixed = encode(add(multiply(SECRET, BASE), EIGHTH))
    plain = encode(multiply(NONCE, BASE))
    shifted = encode(add(multiply(NONCE, BASE), EIGHTH))
    why = "holds only when multiplied by the cofactor"
    return [
        made("key with a part of small order", why, mixed, *crafted(mixed, plain)),
        made("R with a part of small order", why, PUBLIC, *crafted(PUBLIC, shifted)),
        made("key and R with parts of small order", why, mixed, *crafted(mixed, shifted, 0)),
    ]


def ed25519_vectors() -> dict[str, object]:
    return {
        "sign": sign_vectors(),
        "hedged": hedged_vectors(),
        "accepted": accepted_vectors(),
        "rejected": rejected_vectors(),
    }


def sha512_vectors() -> dict[str, object]:
    """Messages around the ends of blocks; `parts` says how many bytes at a time an incremental hash takes."""
    # The two-block message that NIST publishes an example of: abcdefgh, bcdefghi, ... nopqrstu.
    two_blocks = b"".join(bytes(range(first, first + 8)) for first in range(ord("a"), ord("o")))
    messages = [b"", b"abc", two_blocks]
    messages += [bytes(i * 7 & 255 for i in range(size)) for size in (1, 111, 112, 127, 128, 129, 239, 240, 256, 1000)]
    # Every carry and every sign bit: a block of ones.
    messages += [b"\xff" * 128, b"\x80\0\0\0" * 64]
    return {
        "digests": [
            {"message": message, "parts": 1 + len(message) % 150, "digest": sha512(message)} for message in messages
        ]
    }


FILES = {"ed25519.json": ed25519_vectors, "ed25519_sha512.json": sha512_vectors}


def text(name: str) -> str:
    """What the file of that name holds."""
    return json.dumps(FILES[name](), indent=1, default=bytes.hex) + "\n"


if __name__ == "__main__":
    for name in FILES:
        (HERE / name).write_text(text(name), encoding="ascii")
