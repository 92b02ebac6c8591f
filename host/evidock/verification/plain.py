"""Opens what verification reads: plain files only, so that no link leads out of the evidence and no device or pipe
holds the reader up.

Architecture: "Verification is a pure library over a reader interface".
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from .reader import Media, Unreadable

# Some systems lack one or another of these; where links cannot be refused, the walk over the folders still names them.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EMLINK, errno.EISDIR, errno.ENXIO, errno.ENAMETOOLONG)


def open_plain(path: Path | str) -> Media | None:
    """The file at `path`, unbuffered; None when there is nothing, or something else than a plain file: then the
    reader's list of stray entries names it. Raises Unreadable.
    """
    try:
        handle = os.open(path, _FLAGS)
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        raise unreadable(path, error) from error
    try:
        if stat.S_ISREG(os.fstat(handle).st_mode):
            return open(handle, "rb", buffering=0)
    except OSError as error:
        os.close(handle)
        raise unreadable(path, error) from error
    os.close(handle)
    return None


def read_plain(path: Path, limit: int) -> bytes | None:
    """A plain file's bytes, `limit` + 1 of them when it is longer than allowed; None when there is none."""
    file = open_plain(path)
    if file is None:
        return None
    try:
        return file.read(limit + 1)
    except OSError as error:
        raise unreadable(path, error) from error
    finally:
        file.close()


def unreadable(path: Path | str, error: OSError) -> Unreadable:
    """The error that says so in one line."""
    return Unreadable("evidence_unreadable", path=path, reason=error.strerror or str(error))


def kind_of(entry: os.DirEntry[str]) -> str:
    """ "file" or "folder" for a plain one, "other" for a link and everything else."""
    if entry.is_dir(follow_symlinks=False):
        return "folder"
    return "file" if entry.is_file(follow_symlinks=False) else "other"
