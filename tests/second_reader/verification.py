"""Section "Verification of a chain", "Entries": steps 1 to 10, for journals and custody chains."""

from collections.abc import Sequence

from . import trees
from .chain import ZERO_HASH, Chain
from .entries import ENTRY, Entry, parse_entry
from .errors import BadSignature, Malformed, UnknownFormat, WrongType
from .journal import Form, Item
from .sign1 import check_signature, parse_envelope, sha256, thumbprint

GENESIS, EPOCH = "GENESIS", "EPOCH"
INTEGRATORS = range(1000, 2000)


def _sequence_of(item: Item, typ: int) -> int | None:
    try:
        return parse_entry(item.raw, typ).sequence
    except (Malformed, UnknownFormat):
        return None


def verify_chain(items: Sequence[Item], device: bytes, typ: int = ENTRY) -> Chain:
    """Every finding of a chain that claims to be of `device`; the places are those of the items."""
    chain = Chain(device, typ)
    sequences = [_sequence_of(item, typ) for item in items]
    for place, item in enumerate(items):
        if item.form is Form.STATEMENT:
            _statement(chain, place, item.raw, sequences[place + 1 :])
        elif item.form is Form.NOISE:
            chain.find("MALFORMED", place, f"{len(item.raw)} bytes that begin no statement")
        else:
            chain.find("TAIL_OPEN", place, f"the file ends inside an entry, {len(item.raw)} bytes of it")
    return chain


def _statement(chain: Chain, place: int, raw: bytes, later: Sequence[int | None]) -> None:
    """Steps 1 to 5. What is rejected takes its place with the hash of its bytes."""
    try:
        entry = parse_entry(raw, chain.typ)
    except WrongType as error:
        chain.find("WRONG_TYPE", place, str(error))
    except Malformed as error:
        chain.find("MALFORMED", place, str(error))
    except UnknownFormat as error:
        _unknown_format(chain, place, raw, str(error))
    else:
        if entry.fields.octets("device") != chain.device:
            chain.find("WRONG_DEVICE", place, "another chain's entry")
        elif entry.sequence in chain.hashes:
            chain.find("REPLAY", place, f"entry {entry.sequence} once more")
            return
        elif entry.sequence < chain.size:
            return  # It fills a hole; ORDER was said where the hole opened.
        else:
            _order(chain, place, entry, later)
            if _signed(chain, place, entry):
                _accept(chain, place, entry)
                return
    chain.take(chain.size, sha256(raw))


def _unknown_format(chain: Chain, place: int, raw: bytes, detail: str) -> None:
    envelope = parse_envelope(raw)
    try:
        if chain.key is None:
            raise BadSignature("no key is known")
        envelope.verify(chain.key)
        chain.find("UNKNOWN_FORMAT", place, detail, problem=False)
    except BadSignature as error:
        chain.find("BAD_SIGNATURE", place, str(error))


def _order(chain: Chain, place: int, entry: Entry, later: Sequence[int | None]) -> None:
    """Step 5: `sequence` and `previous`."""
    if entry.sequence > chain.size:
        if chain.size in later:
            chain.find("ORDER", place, f"entry {entry.sequence} before entry {chain.size}")
        else:
            chain.find("CHAIN_BREAK", place, f"entries {chain.size} to {entry.sequence - 1} are not there")
    previous = chain.hashes.get(entry.sequence - 1) if entry.sequence else ZERO_HASH
    if previous is not None and entry.fields.octets("previous") != previous:
        chain.find("CHAIN_BREAK", place, "previous is not the hash of the entry before")


def _signed(chain: Chain, place: int, entry: Entry) -> bool:
    """Steps 6 and 7: the key that the chain prescribes has signed."""
    if entry.sequence == 0 or entry.kind_name == GENESIS:
        key = entry.body.octets("public_key") if entry.kind_name == GENESIS and entry.known else b""
        if entry.sequence != 0 or thumbprint(key) != chain.device:
            chain.find("WRONG_DEVICE", place, "entry 0 is a GENESIS of this device, and no other entry is one")
            chain.key = chain.key if entry.sequence else None
            return False
        chain.set_key(0, 0, key)
    if chain.key is None:
        if not chain.lost:
            chain.find("CHAIN_BREAK", place, "from here on no entry can be checked: its key is not known")
        chain.lost = True
        return False
    if entry.envelope.key_id != thumbprint(chain.key) or entry.fields.integer("epoch") != chain.epoch:
        chain.find("KEY_CHANGE", place, "signed under another key or epoch than the chain prescribes")
        chain.key = None
        return False
    try:
        check_signature(chain.key, entry.envelope.signed, entry.envelope.signature)
    except BadSignature as error:
        chain.find("BAD_SIGNATURE", place, str(error))
        if chain.typ == ENTRY and entry.kind_name in (GENESIS, EPOCH):
            chain.key = None
        return False
    return True


def _accept(chain: Chain, place: int, entry: Entry) -> None:
    """Steps 8 to 10."""
    moment = entry.fields.integer("boot"), entry.fields.integer("ticks")
    if moment < chain.last_moment:
        chain.find("ORDER", place, "boot or ticks fall")
    chain.last_moment = moment
    if chain.typ == ENTRY and entry.kind_name == EPOCH:
        _epoch(chain, place, entry)
    elif not entry.known and entry.fields.integer("kind") not in INTEGRATORS:
        chain.find("UNKNOWN_FORMAT", place, f"kind {entry.kind_name}", problem=False)
    chain.entries.append(entry)
    chain.take(entry.sequence, entry.hash)


def _epoch(chain: Chain, place: int, entry: Entry) -> None:
    """Step 9. With a hole before it, the tree is not known and only the size can be compared."""
    leaves = chain.leaves(entry.sequence)
    holds = entry.body.integer("size") == entry.sequence
    if leaves is not None:
        holds &= entry.body.octets("root") == trees.root(leaves)
        holds &= entry.body.array("peaks") == trees.peaks(leaves)
    if not holds:
        chain.find("CHAIN_BREAK", place, "EPOCH says another tree")
    chain.set_key(entry.sequence + 1, chain.epoch + 1, entry.body.octets("public_key"))
