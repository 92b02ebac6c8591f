"""The little of DER (X.690) that time stamps need: a token in its response, and certificates in order.

RFC 3161, 2.4.2 (TimeStampResp); RFC 5652, 5.1 (SignedData). Nothing here judges; what is malformed stays so.
"""

from __future__ import annotations

_SEQUENCE, _CERTIFICATES = 0x30, 0xA0
_GRANTED = bytes.fromhex("3003020100")  # PKIStatusInfo: granted
# Elements passed over on each level of TimeStampResp on the way to SignedData's certificates.
_TO_CERTIFICATES = (0, 1, 1, 0, 3)


def granted(token: bytes) -> bytes:
    """A TimeStampResp that grants `token`."""
    body = _GRANTED + token
    if len(body) < 0x80:
        return bytes((_SEQUENCE, len(body))) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes((_SEQUENCE, 0x80 | len(size))) + size + body


def in_order(response: bytes) -> bytes:
    """A TimeStampResp with its certificates in the order that DER asks of a SET OF; unchanged where there are none, or
    where it is malformed. OpenSSL's authorities send the signer's first; no signature covers that set.
    """
    tag, at, end = 0, 0, len(response)
    found: list[bytes] = []
    try:
        for passed in _TO_CERTIFICATES:
            for _ in range(passed):
                at = _element(response, at)[2]
            tag, at, end = _element(response, at)
        place = at
        while place < end:
            following = _element(response, place)[2]
            found.append(response[place:following])
            place = following
    except IndexError:
        return response
    if tag != _CERTIFICATES or place != end:
        return response
    return response[:at] + b"".join(sorted(found)) + response[end:]


def _element(data: bytes, at: int) -> tuple[int, int, int]:
    """The tag of an element, and where its content begins and ends. Raises IndexError beyond the data."""
    tag, length, at = data[at], data[at + 1], at + 2
    if length >= 0x80:
        size = length & 0x7F
        length, at = int.from_bytes(data[at : at + size], "big"), at + size
    if at + length > len(data):
        raise IndexError
    return tag, at, at + length
