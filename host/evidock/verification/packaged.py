"""Judges a package as such: who signed it, whether its files are those that were signed for, and whether what it
withholds leaves the chains whole.

Specification: "A package". What it holds of recorders is verified as in a store.
"""

from __future__ import annotations

from hashlib import sha256

from evidock import keys, language, package
from evidock_protocol import sign1, withheld
from evidock_protocol.errors import ProtocolError

from .chain import Chain
from .collector import Collector
from .excerpt import Excerpt, nodes_of
from .plain import open_plain, unreadable

_BLOCK = 1 << 20


def judge(excerpt: Excerpt, host_key: bytes | None, collector: Collector) -> None:
    """Adds what speaks against the statement of a package and against its files. Raises Unreadable."""
    for fault in excerpt.faults:
        collector.add("MALFORMED", path=fault.path, number=0, reason=fault.reason)
    statement = excerpt.statement
    if statement is not None:
        ours = host_key is not None and statement.host == sign1.thumbprint(host_key)
        if host_key is None or not ours or not keys.verify_statement(statement.sealed, host_key):
            collector.add("BAD_SIGNATURE", path=package.STATEMENT, sentence="BAD_SIGNATURE.package")
        if sha256(excerpt.raw_sums).digest() != statement.files:
            collector.add("PACKAGE_MISMATCH", path=package.SUMS)
    for path, expected in excerpt.sums.items():
        found = _sum_of(excerpt, path)
        if found is None:
            collector.add("PACKAGE_INCOMPLETE", path=path)
        elif found not in (b"", expected):
            collector.add("PACKAGE_MISMATCH", path=path)


def follow_custody(chain: Chain, excerpt: Excerpt | None) -> None:
    """Lets a custody chain pass over the runs that a package withholds."""
    if excerpt is not None:
        chain.withheld = lambda first, count: nodes_of(excerpt.custody, first, count)


def close_custody(chain: Chain, excerpt: Excerpt | None, collector: Collector) -> bool:
    """Whether the custody entries of a package are of the chain that its statement seals."""
    if excerpt is None or excerpt.statement is None:
        return excerpt is None
    size, tail = excerpt.statement.custody_size, excerpt.custody.get(chain.size)
    if chain.tree is not None and tail is not None and chain.size + tail.length == size:
        try:
            withheld.append(chain.tree, tail.length, tail.nodes)
        except ProtocolError:
            chain.tree = None
    if chain.tree is None or chain.tree.size != size or chain.tree.root() != excerpt.statement.custody_root:
        collector.add("CUSTODY_BREAK", path="custody", sentence="CUSTODY_BREAK.excerpt")
        return False
    return True


def unproven(excerpt: Excerpt | None, lang: str) -> tuple[str, ...]:
    """What a package cannot show, in `lang`."""
    return () if excerpt is None else (language.text("verify.unproven.package", lang),)


def _sum_of(excerpt: Excerpt, path: str) -> bytes | None:
    """SHA-256 of a listed file, or nothing of media: the journal says what these are. None when it is not there."""
    file = open_plain(excerpt.root / path)
    if file is None:
        return None
    try:
        if package.is_media(path):
            return b""
        hasher = sha256()
        while data := file.read(_BLOCK):
            hasher.update(data)
        return hasher.digest()
    except OSError as error:
        raise unreadable(excerpt.root / path, error) from error
    finally:
        file.close()
