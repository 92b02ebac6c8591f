"""RFC 3161 time stamps: queries, responses and tokens, and whether a token leads to an authority that is trusted.

Specification: "The archive" (time stamps). The one module that knows the library for them, an optional part of the
install; nothing here touches a store or the network. Whatever an authority sends is hostile until it is checked.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from evidock import der, errors
from evidock.errors import EvidockError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

LIMIT = 1 << 16  # bytes of a response, a token, or a file of certificates: some forty times what one needs

_GRANTED = (0, 1)  # PKIStatus (RFC 3161, 2.4.2): granted, granted with modifications
_SHA256 = "2.16.840.1.101.3.4.2.1"
_DIGESTS = {_SHA256, "2.16.840.1.101.3.4.2.2", "2.16.840.1.101.3.4.2.3"}  # SHA-256, SHA-384, SHA-512
_LONGEST = 86_400  # seconds of accuracy; who is less certain says nothing about a time
_FRACTION = timedelta(seconds=1)  # the library drops what follows the seconds, and a bound from above must not be early


class BadStamp(EvidockError):
    """A time stamp, or an authority's answer, does not hold."""


class Token(NamedTuple):
    """What a time-stamp token says; who signed it is another question, which `check` answers."""

    imprint: bytes
    """SHA-256 of what was stamped, 32 bytes."""
    latest: float
    """Unix seconds: what was stamped existed then at the latest, the authority's accuracy included."""
    authority: str
    """The subject of the certificate that the token names as its signer's, as it brings it."""
    nonce: int | None


Roots = Sequence["Certificate"]
"""Certificates of authorities that a verifier was given, apart from the evidence."""


def require() -> None:
    """Raises EvidockError when the library is not installed."""
    try:
        import rfc3161_client  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ImportError:
        raise EvidockError("time_missing") from None


class Query(NamedTuple):
    """What goes to an authority."""

    raw: bytes
    """A TimeStampReq in DER."""
    nonce: int
    """Fresh; the answer to this query, and to no other, repeats it."""


def query(stamped: bytes) -> Query:
    """Asks for a stamp over SHA-256 of `stamped`, and for the signer's certificate with it."""
    require()
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    made = TimestampRequestBuilder().data(stamped).hash_algorithm(HashAlgorithm.SHA256).build()
    assert made.nonce is not None
    return Query(made.as_bytes(), made.nonce)


def take_response(raw: bytes) -> bytes:
    """The token (ContentInfo in DER) of a TimeStampResp. Raises BadStamp for a refusal and for garbage."""
    require()
    from rfc3161_client import decode_timestamp_response

    if len(raw) > LIMIT:
        raise BadStamp("stamp_long", limit=LIMIT)
    with _hostile("stamp_malformed"):
        response = decode_timestamp_response(der.in_order(raw))
        status, said = response.status, "; ".join(response.status_string)
        token = response.time_stamp_token() if status in _GRANTED else b""
    if status not in _GRANTED:
        raise BadStamp("stamp_refused", status=status, reason=_printable(said) or "-")
    if not token:
        raise BadStamp("stamp_malformed")
    return token


def read_token(raw: bytes) -> Token:
    """Parses a token. Raises BadStamp unless it is one over a SHA-256."""
    response = _response(raw)
    with _hostile("stamp_malformed"):
        info = response.tst_info
        if info.message_imprint.hash_algorithm.dotted_string != _SHA256:
            raise BadStamp("stamp_hash")
        margin = _accuracy(info.accuracy)
        latest = (info.gen_time + margin + _FRACTION).timestamp()
        return Token(info.message_imprint.message, latest, _authority(response), info.nonce)


def read_roots(path: Path | str) -> Roots:
    """The certificates in a PEM file. Raises EvidockError when there is none, or the library is not installed."""
    require()
    from cryptography import x509

    with errors.at(path), open(path, "rb") as file:
        raw = file.read(LIMIT + 1)
    try:
        return x509.load_pem_x509_certificates(raw[:LIMIT])
    except ValueError:
        raise BadStamp("stamp_roots", path=path) from None


def check(raw: bytes, roots: Roots) -> Token:
    """The token when its signature leads to one of `roots`, each certificate valid at the time that it states.

    Raises BadStamp. Certificates in the token help to build the way to a root and are never trusted themselves.
    """
    token, response = read_token(raw), _response(raw)
    from rfc3161_client import VerificationError, VerifierBuilder

    with _hostile("stamp_malformed"):
        weak = {one.dotted_string for one in response.signed_data.digest_algorithms} - _DIGESTS
        try:
            VerifierBuilder(roots=list(roots)).build().verify(response, token.imprint)
        except VerificationError:
            raise BadStamp("stamp_untrusted", authority=token.authority) from None
    if weak:
        raise BadStamp("stamp_hash")
    return token


def digest(raw: bytes) -> bytes:
    """What names a token in custody: SHA-256 of its bytes."""
    return hashlib.sha256(raw).digest()


def _response(token: bytes) -> TimeStampResponse:
    """A token as the library takes it: inside a response that grants it."""
    require()
    from rfc3161_client import decode_timestamp_response

    if len(token) > LIMIT:
        raise BadStamp("stamp_long", limit=LIMIT)
    with _hostile("stamp_malformed"):
        return decode_timestamp_response(der.in_order(der.granted(token)))


def _accuracy(found: object) -> timedelta:
    """The authority's accuracy; none stated counts as none."""
    seconds, millis, micros = (getattr(found, name, None) or 0 for name in ("seconds", "millis", "micros"))
    if seconds > _LONGEST:
        raise BadStamp("stamp_accuracy", limit=_LONGEST)
    return timedelta(seconds=seconds, milliseconds=millis, microseconds=micros)


def _authority(response: TimeStampResponse) -> str:
    """The subject of the certificate that the signer's identifier names, or of the signer's issuer without one."""
    from cryptography import x509

    signers = response.signed_data.signer_infos
    if len(signers) != 1:
        raise BadStamp("stamp_malformed")
    signer = next(iter(signers))
    for raw in response.signed_data.certificates:
        certificate = x509.load_der_x509_certificate(raw)
        if certificate.issuer == signer.issuer and certificate.serial_number == signer.serial_number:
            return _printable(certificate.subject.rfc4514_string())
    raise BadStamp("stamp_no_certificate")


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else "\ufffd" for one in text)[:120]


@contextmanager
def _hostile(key: str) -> Generator[None]:
    """Turns whatever the parsers raise on hostile bytes into one typed error, also a panic of the library's Rust part,
    which is no Exception; and keeps what they warn of from the user's terminal.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (EvidockError, KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException:
        raise BadStamp(key) from None
