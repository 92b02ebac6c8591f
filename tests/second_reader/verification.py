"""Section "Verification of a chain", "Entries": steps 1 to 10, for journals and custody chains."""

from collections.abc import Sequence

from . import trees
from .chain import ZERO_HASH, Chain
from .entries import ENTRY, Entry, parse_entry
from .errors import BadSignature, Malformed, UnknownFormat, WrongType
from .journal import Form, Item
from .sign1 import check_signature, parse_envelope, sha256, thumbprint

GENESIS, EPOCH, JOURNAL = "GENESIS", "EPOCH", "JOURNAL"
INTEGRATORS = range(1000, 2000)


def verify_chain(items: Sequence[Item], device: bytes, typ: int = ENTRY) -> Chain:
    """Every finding of a chain that claims to be of `device`; the places are those of the items."""
    chain = Chain(device, typ)
    for place, item in enumerate(items):
        if item.form is Form.STATEMENT:
            _statement(chain, place, item.raw)
        elif item.form is Form.NOISE:
            chain.find("MALFORMED", place, f"{len(item.raw)} bytes that begin no statement")
            chain.spoil(ZERO_HASH)
        else:
            chain.find("TAIL_OPEN", place, f"the file ends inside an entry, {len(item.raw)} bytes of it")
    for place, envelope in chain.suspects:
        if chain.signer(envelope):
            chain.find("EPOCH_VIOLATION", place, "a key that is named behind it signed this")
    for hole in chain.holes:
        chain.find("CHAIN_BREAK", hole.item, f"entries {hole.first} to {hole.last} are not there")
    chain.findings.sort(key=lambda finding: -1 if finding.item is None else finding.item)
    return chain


def _statement(chain: Chain, place: int, raw: bytes) -> None:
    """Steps 1 to 4."""
    try:
        entry = parse_entry(raw, chain.typ)
    except WrongType as error:
        chain.find("WRONG_TYPE", place, str(error))
    except Malformed as error:
        chain.find("MALFORMED", place, str(error))
    except UnknownFormat as error:
        if _unknown_format(chain, place, raw, str(error)):
            return
    else:
        _entry(chain, place, entry)
        return
    chain.spoil(sha256(raw))


def _unknown_format(chain: Chain, place: int, raw: bytes, detail: str) -> bool:
    envelope = parse_envelope(raw)
    try:
        if chain.key is None:
            raise BadSignature("no key is known")
        envelope.verify(chain.key)
    except BadSignature as error:
        chain.find("BAD_SIGNATURE", place, str(error))
        return False
    chain.find("UNKNOWN_FORMAT", place, detail, problem=False)
    chain.take(chain.size, sha256(raw))
    chain.later_format = True
    return True


def _entry(chain: Chain, place: int, entry: Entry) -> None:
    """Steps 5 to 10."""
    device = entry.fields.octets("device")
    if device != chain.device:
        if device != chain.foreign:
            chain.find("WRONG_DEVICE", place, "another chain's entry")
        chain.foreign = device
        return
    chain.foreign = None
    if entry.sequence < chain.size:
        _late(chain, place, entry)
        return
    before, excused, follows = chain.size, chain.spoiled, _follows(chain, place, entry)
    signed = _signed(chain, place, entry)
    if signed is None:  # by another key than ours: it stands where it says
        chain.skip_to(entry.sequence, place, excused)
        chain.tree_known &= follows
        chain.take(entry.sequence, entry.hash)
    elif not signed:  # its number is not believed either
        chain.take(before, entry.hash)
        chain.spoiled = True
    else:
        chain.skip_to(entry.sequence, place, excused)
        if not follows:
            chain.tree_known = False
        _accept(chain, place, entry)


def _late(chain: Chain, place: int, entry: Entry) -> None:
    """An entry below the size: it changes nothing, but for the hole that it fills."""
    if chain.key is not None and entry.envelope.key_id == thumbprint(chain.key):
        try:
            entry.envelope.verify(chain.key)
        except BadSignature as error:
            chain.find("BAD_SIGNATURE", place, str(error))
            chain.spoil(entry.hash)
            return
    hole = chain.fill(entry.sequence)
    if hole is None:
        chain.find("REPLAY", place, f"entry {entry.sequence} once more")
    else:
        # Located where the hole opened, as the vectors do.
        chain.find("ORDER", hole.item, f"entry {entry.sequence} stands at item {place}")


def _follows(chain: Chain, place: int, entry: Entry) -> bool:
    """Step 5, `previous`."""
    if entry.sequence > chain.size or entry.fields.octets("previous") == chain.newest:
        return True
    if not chain.spoiled:
        chain.find("CHAIN_BREAK", place, "previous is not the hash of the entry before")
    return False


def _signed(chain: Chain, place: int, entry: Entry) -> bool | None:
    """Steps 6 and 7: whether the key in force signed; None when that cannot be said."""
    if entry.sequence == 0:
        _begin(chain, place, entry)
    if chain.key is None:
        chain.no_key(place)
        if chain.typ == ENTRY and entry.kind_name == EPOCH:
            chain.named.append((entry.sequence + 1, entry.body.octets("public_key")))
        return None
    other_epoch = entry.fields.integer("epoch") != chain.epoch
    if other_epoch or entry.envelope.key_id != thumbprint(chain.key):
        signer = chain.signer(entry.envelope)
        if signer and signer.key != chain.key:
            chain.find("EPOCH_VIOLATION", place, "the key of an epoch that ended signed this")
            chain.lost = True
        elif chain.later_format:
            chain.find("UNKNOWN_FORMAT", place, "its key may have been named there", problem=False)
            chain.lost = True
        elif other_epoch and (chain.holes or (entry.sequence > chain.size and not chain.spoiled)):
            chain.no_key(place)
        else:
            chain.find("KEY_CHANGE", place, "signed under another key or epoch than the chain prescribes")
            chain.suspects.append((place, entry.envelope))
            chain.lost = True
        chain.key = None
        return None
    try:
        check_signature(chain.key, entry.envelope.signed, entry.envelope.signature)
    except BadSignature as error:
        chain.find("BAD_SIGNATURE", place, str(error))
        if chain.typ == ENTRY and entry.kind_name == EPOCH:
            chain.key = None
        return False
    return True


def _begin(chain: Chain, place: int, entry: Entry) -> None:
    """Step 6, entry 0: the key that GENESIS brings."""
    if entry.kind_name != GENESIS or not entry.known:
        chain.find("CHAIN_BREAK", place, "entry 0 is no GENESIS")
        return
    key = entry.body.octets("public_key")
    if thumbprint(key) == chain.device:
        chain.set_key(0, 0, key)
    else:
        chain.find("WRONG_DEVICE", place, "GENESIS brings another recorder's key")


def _accept(chain: Chain, place: int, entry: Entry) -> None:
    """Steps 8 to 10."""
    if chain.typ == ENTRY:
        if entry.sequence and entry.kind_name == GENESIS:
            chain.find("CHAIN_BREAK", place, "a second GENESIS")
        moment = entry.fields.integer("boot"), entry.fields.integer("ticks")
        if moment < chain.last_moment:
            chain.find("ORDER", place, "boot or ticks fall")
        chain.last_moment = moment
        if entry.kind_name == EPOCH:
            _epoch(chain, place, entry)
        elif entry.kind_name == JOURNAL:
            first, last = entry.body.integer("first"), entry.body.integer("last")
            chain.declared_lost += [hole for hole in chain.holes if first <= hole.first <= hole.last <= last]
            chain.holes = [hole for hole in chain.holes if not first <= hole.first <= hole.last <= last]
    if not entry.known:
        code = "PRIVATE_KIND" if entry.fields.integer("kind") in INTEGRATORS else "UNKNOWN_FORMAT"
        chain.find(code, place, f"kind {entry.kind_name}", problem=False)
    chain.entries.append(entry)
    chain.take(entry.sequence, entry.hash)


def _epoch(chain: Chain, place: int, entry: Entry) -> None:
    """Step 9. Where the tree is not known, only the size can be compared."""
    leaves = chain.leaves(entry.sequence)
    holds = entry.body.integer("size") == entry.sequence
    if leaves is not None:
        holds &= entry.body.octets("root") == trees.root(leaves)
        holds &= entry.body.array("peaks") == trees.peaks(leaves)
    if not holds:
        chain.find("CHAIN_BREAK", place, "EPOCH says another tree")
    chain.set_key(entry.sequence + 1, chain.epoch + 1, entry.body.octets("public_key"))
