"""The errors of the host: whatever goes wrong for a user is an EvidockError with one sentence that says what to do.

Interface: "no traceback for bad input". The sentences are `error.<key>` of the catalogue, in every language.
"""

from __future__ import annotations

import errno
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from evidock import language


class EvidockError(Exception):
    """Root of every error that the host raises on purpose.

    `key` names the sentence in the catalogue, `values` fill it in. `str(error)` is English, `message(lang)` any
    language. Never holds a secret.
    """

    exit_status = 1

    def __init__(self, key: str, **values: object):
        super().__init__(key)
        self.key = key
        self.values = values

    def message(self, lang: str = "en") -> str:
        """The one line for a user, in `lang` ("en" or "zh")."""
        return " ".join(language.text("error." + self.key, lang, **self.values).split())

    def __str__(self) -> str:
        return self.message()


class WrongUsage(EvidockError):
    """The command line or the call itself is wrong; exit status 2."""

    exit_status = 2


class PortError(EvidockError):
    """The port cannot be opened: missing, busy, or not permitted."""


class NotARecorder(EvidockError):
    """Whatever is on the port does not speak evidock."""


class UnsupportedVersion(EvidockError):
    """The recorder speaks none of the formats that this host accepts."""


class NotEnrolled(EvidockError):
    """The recorder is blank, or this store's registry does not have it."""


class LineLost(EvidockError):
    """The line went silent or was pulled; what was safe stays, and the same command goes on from there."""


class Misbehaving(EvidockError):
    """The recorder's answers break the protocol or do not fit each other."""


class Refused(EvidockError):
    """The recorder refused a request. `code` is one of `names.REFUSALS`."""

    def __init__(self, key: str, code: int, **values: object):
        super().__init__(key, **values)
        self.code = code


class BadEvidence(EvidockError):
    """Signed bytes from the recorder do not fit the chain that the store holds; nothing of them was taken over."""


class StaleHead(BadEvidence):
    """The recorder answered with a head that was not made for this session (AT-13)."""


class Rollback(BadEvidence):
    """The recorder shows fewer entries than a head that this host holds: its history was set back (AT-12)."""


class Fork(BadEvidence):
    """The recorder shows another history than the one whose heads this host holds (AT-11)."""


class Equivocation(Fork):
    """Two signed heads of one size differ: the recorder, or a copy of it, says one thing here and another there (AT-14,
    AT-36)."""


class WrongPassphrase(EvidockError):
    """The passphrase does not open the organisation key."""


class StoreError(EvidockError):
    """A store cannot be made, opened or written."""


class DiskFull(StoreError):
    """The disk of the store is full; what was safe stays."""


class MediaError(EvidockError):
    """A media file that the user gave cannot be used."""


class SimulatorError(EvidockError):
    """The simulated recorder is not installed, or ended."""


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def from_os_error(error: OSError, path: Path | str | None = None) -> EvidockError:
    """The typed error for what the operating system said about `path`."""
    place = str(path if path is not None else error.filename or "")
    if error.errno in _FULL:
        return DiskFull("disk_full", path=place)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StoreError("no_permission", path=place)
    return StoreError("system", path=place, reason=error.strerror or str(error))


@contextmanager
def at(path: Path | str) -> Generator[None]:
    """Turns every OSError inside into a typed error that names `path`."""
    try:
        yield
    except OSError as error:
        raise from_os_error(error, path) from error
