"""The errors of the protocol: hostile or damaged bytes raise these and nothing else.

SPECIFICATION.md, "Deterministic CBOR" and "Frames". Messages give the place, what was expected and what was found;
they never repeat content, because content may be private.
"""


class ProtocolError(Exception):
    """Root of every error that this package raises on purpose."""


class Malformed(ProtocolError):
    """The bytes are not the one encoding that is accepted."""


class LimitExceeded(Malformed):
    """The bytes ask for more depth or more items than the reader allows."""


class UnknownFormat(ProtocolError):
    """A format, version or kind that this code does not know; not a sign of tampering."""


class BufferTooSmall(ProtocolError):
    """The caller's buffer cannot hold the result."""
