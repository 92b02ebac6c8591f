"""A thief who has the live key, all of internal flash and the card: whatever is changed from before its epoch, public
keys alone show it (AT-2, AT-6, AT-11, AT-17, AT-18), and what can be changed is what SECURITY.md admits.

The judge has the device id, the chain's own public keys and the heads that a host took home; no secret, no other copy.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support.board import World, root_of
from support.dock import Host, provisioned

from evidock.chain import Chain, Head
from evidock.errors import BadEvidence
from evidock.keys import SigningKey
from evidock_agent import signals
from evidock_protocol import cbor, codes, entry, flash, kinds, messages, sign1, statements

OWN = SigningKey(b"T" * 32)  # a key that the thief makes up
HEADER = 512


class Theft:
    """What the thief has: the genuine journal `raws`, the live `key` and the world; `heads` are what the host holds.

    `since` is the sequence of the first entry that the live key signed.
    """

    def __init__(self, world: World, heads: list[bytes]):
        agent = world.agent
        assert agent is not None
        self.world = world
        self.device = agent.journal.device
        self.raws = world.raws()
        self.heads = [Head(raw) for raw in heads]
        self.since = agent.journal.epoch_since
        image = bytes(world.flash["key"])
        slots = [flash.parse_key(image[at : at + flash.KEY_BYTES]) for at in range(0, len(image), flash.KEY_SLOT)]
        ((_epoch, seed),) = [slot for slot in slots if slot is not None]
        self.key = SigningKey(seed)


def stolen_while_recording() -> Theft:
    """Recordings before and after a docking, then one that runs, whose first segment is sealed."""
    world = provisioned(1000)
    world.record(1500)
    host = Host(world)
    host.attach()
    heads = [host.ask(messages.HEAD)["head"], host.ask(messages.CLOSE)["head"]]
    world.record(1500)
    world.press(signals.BUTTON_MARK)
    world.press(signals.BUTTON_RECORD)
    world.run(66_000)
    assert world.kinds()[-1] == "SEGMENT"
    return Theft(world, heads)


def stolen_after_a_docking() -> Theft:
    world = provisioned()
    world.record(1500)
    host = Host(world)
    host.attach()
    return Theft(world, [host.ask(messages.HEAD)["head"], host.ask(messages.CLOSE)["head"]])


_known: list[Theft] = []


def theft() -> Theft:
    """Made once: nobody changes it."""
    if not _known:
        _known.append(stolen_while_recording())
    return _known[0]


# The judge.


def chain_of(stolen: Theft, raws: list[bytes]) -> Chain | None:
    """The chain, as a verifier takes it in, held against the host's heads; None when something is found."""
    chain = Chain(stolen.device)
    heads = list(stolen.heads)
    try:
        for raw in raws:
            chain.accept(raw)
            for head in heads:
                if head.size == chain.size and not (head.describes(chain) and head.is_signed_in(chain)):
                    return None
    except BadEvidence:
        return None
    return chain if all(head.size <= chain.size for head in heads) else None


def is_found(stolen: Theft, raws: list[bytes]) -> bool:
    return chain_of(stolen, raws) is None


def fresh_head(stolen: Theft, chain: Chain, key: SigningKey) -> Head:
    """A head of `chain` for a new docking, as the thief can sign it."""
    values = {
        "device": stolen.device, "epoch": chain.epoch, "size": chain.size, "newest": chain.newest,
        "root": chain.tree.root(), "boot": 1, "ticks": 1, "wall": [0, 0], "session": bytes(16), "host": bytes(32),
        "host_nonce": b"n" * 16, "device_nonce": bytes(16), "open": None, "phase": codes.HEAD_FIRST,
    }  # fmt: skip
    return Head(key.statement(statements.TYP_HEAD, entry.encode_statement(statements.TYP_HEAD, values)))


# The thief's tools.


def payload_of(raw: bytes) -> Any:
    return cbor.decode(sign1.parse(raw).payload)


def signed(key: SigningKey, payload: Any, kid: bytes | None = None) -> bytes:
    """An entry signed by `key`, which may claim to be another one's."""
    data = cbor.encode(payload)
    kid = kid or key.thumbprint
    return sign1.assemble(
        statements.TYP_ENTRY, kid, data, key.sign(sign1.signed_bytes(statements.TYP_ENTRY, kid, data))
    )


def altered(raw: bytes, key: SigningKey, claims: bool) -> bytes:
    """The same entry at another time, signed anew; with `claims` under the name of the key that did sign it."""
    payload = payload_of(raw)
    payload[8] += 1
    return signed(key, payload, sign1.parse(raw).key_id if claims else None)


def relinked(raws: list[bytes], first: int, key: SigningKey, claims: bool, epoch: int | None = None) -> list[bytes]:
    """From entry `first` on all numbered and linked anew, and signed with `key`."""
    found = raws[:first]
    for raw in raws[first:]:
        payload = payload_of(raw)
        payload[4] = len(found)
        payload[5] = sign1.statement_hash(found[-1]) if found else bytes(32)
        if epoch is not None:
            payload[3] = epoch
        found.append(signed(key, payload, sign1.parse(raw).key_id if claims else None))
    return found


def epoch_for(raws: list[bytes], at: int, key: SigningKey, following: SigningKey) -> bytes:
    """An EPOCH in the place of entry `at` that hands over to `following`."""
    template = next(raw for raw in raws if entry.parse(raw).kind == kinds.EPOCH)
    payload, here = payload_of(template), payload_of(raws[at])
    for number in (3, 4, 5, 7, 8, 9):
        payload[number] = here[number]
    payload[10][0] = following.public
    payload[10][1] = at
    return signed(key, payload, sign1.parse(raws[at]).key_id)


def forged(stolen: Theft, tool: str, at: int, other: int, mend: bool, claims: bool) -> list[bytes]:
    """The journal after one tool was used at entry `at`; with `mend` all behind is linked and signed anew."""
    raws, key = list(stolen.raws), stolen.key
    behind = at + 1
    if tool == "alter":
        raws[at] = altered(raws[at], key, claims)
    elif tool == "flip":  # the old signature stays
        raw = bytearray(raws[at])
        raw[60 + other % (len(raw) - 60)] ^= 1 << other % 8
        raws[at] = bytes(raw)
    elif tool == "insert":
        raws.insert(at, altered(raws[other], key, claims))
        behind = at
    elif tool == "drop":
        del raws[at]
        behind = at
    elif tool == "swap":
        other = other if other != at else (at + 1) % stolen.since
        raws[at], raws[other] = raws[other], raws[at]
        behind = min(at, other)
    elif tool == "repeat":
        raws.insert(at, raws[at])
        behind = at
    elif tool == "hand over":  # an EPOCH that names the live key, or one of the thief's own, earlier than it was
        following = (key, OWN)[other % 2]
        raws[at] = epoch_for(raws, at, key, following)
        return relinked(raws, at + 1, following, False, payload_of(raws[at])[3] + 1)
    elif tool == "cut out":  # all from `at` to the live epoch
        raws = raws[:at] + raws[stolen.since :]
        behind = at
    else:  # a whole history of the thief's own
        return relinked(raws, at, OWN, claims)
    return relinked(raws, behind, key, claims) if mend else raws


TOOLS = ("alter", "flip", "insert", "drop", "swap", "repeat", "hand over", "cut out", "anew")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(TOOLS), st.integers(0, 1 << 20), st.integers(0, 1 << 20), st.booleans(), st.booleans())
def test_nothing_before_the_epoch_of_the_live_key_can_be_changed(
    tool: str, at: int, other: int, mend: bool, claims: bool
) -> None:
    stolen = theft()
    at, other = at % stolen.since, other % stolen.since
    raws = forged(stolen, tool, at, other, mend, claims)
    assert raws[: stolen.since] != stolen.raws[: stolen.since], "the tool did nothing"
    assert is_found(stolen, raws), "with the host's heads"
    bare = Theft(stolen.world, [])
    assert is_found(bare, raws), "with the device id alone"


def test_every_tool_at_every_entry() -> None:
    """The same without luck, mended as well as a thief can."""
    stolen = Theft(theft().world, [])
    for tool in TOOLS:
        for at in range(0, stolen.since, 3):
            assert is_found(stolen, forged(stolen, tool, at, (at + 1) % stolen.since, True, at % 2 == 0)), (tool, at)


def test_the_judge_takes_the_truth() -> None:
    stolen = theft()
    assert not is_found(stolen, stolen.raws)
    assert not is_found(Theft(stolen.world, []), stolen.raws)
    assert stolen.since > max(head.size for head in stolen.heads) > 10
    assert len(stolen.raws) - stolen.since >= 2


def test_media_from_before_the_epoch_cannot_be_changed() -> None:
    """Their roots are in entries that the thief cannot sign anew."""
    stolen = theft()
    sealed = [item for item in stolen.world.entries() if item.kind == kinds.SEGMENT and item.sequence < stolen.since]
    assert len(sealed) == 2
    for item in sealed:
        data = stolen.world.file(item.body["recording"], item.body["number"])
        assert data is not None
        assert root_of(data, HEADER, item.body["leaf_size"]) == item.body["root"]
        for at in (0, 100, HEADER, len(data) - 1):
            changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
            root = root_of(changed, HEADER, item.body["leaf_size"])
            assert root != item.body["root"]
            payload = payload_of(item.raw)
            payload[10][6] = root
            for kid in (None, item.key_id):
                raws = list(stolen.raws)
                raws[item.sequence] = signed(stolen.key, payload, kid)
                assert is_found(stolen, relinked(raws, item.sequence + 1, stolen.key, False))


def test_after_a_docking_nothing_that_was_pulled_can_be_changed() -> None:
    """CLOSE changes the key: the second head is the last thing that stands before the live key's epoch."""
    stolen = stolen_after_a_docking()
    assert stolen.since == stolen.heads[-1].size == len(stolen.raws)
    for tool in TOOLS:
        for at in range(stolen.since):
            assert is_found(stolen, forged(stolen, tool, at, (at + 1) % stolen.since, True, False)), (tool, at)
    assert is_found(stolen, stolen.raws[:-1]), "a host holds the head of more"


# What the thief can do: SECURITY.md and every report say so.


def test_the_end_can_be_dropped_down_to_the_last_head() -> None:
    """Entries after the newest head that a host holds can vanish, also those of epochs before the live one."""
    stolen = theft()
    last = max(head.size for head in stolen.heads)
    for size in range(last, len(stolen.raws)):
        assert not is_found(stolen, stolen.raws[:size])
    for size in range(last):
        assert is_found(stolen, stolen.raws[:size])


def test_what_was_dropped_before_the_live_epoch_cannot_be_gone_on_from() -> None:
    """Who cuts off more than the live epoch holds can sign neither another entry nor the head of the next docking."""
    stolen = theft()
    last = max(head.size for head in stolen.heads)
    for size in range(last, stolen.since):
        chain = chain_of(stolen, stolen.raws[:size])
        assert chain is not None
        for key in (stolen.key, OWN):
            assert not fresh_head(stolen, chain, key).is_signed_in(chain)
            assert is_found(stolen, relinked(stolen.raws[:size] + stolen.raws[-1:], size, key, False, chain.epoch))


def test_the_live_epoch_is_the_thiefs() -> None:
    """There the thief alters, drops and adds, seals other media, and signs a head that holds."""
    stolen = theft()
    raws = relinked(stolen.raws[: stolen.since] + stolen.raws[stolen.since + 1 :], stolen.since, stolen.key, False)
    assert not is_found(stolen, raws), "dropped"
    raws = relinked([*stolen.raws, altered(stolen.raws[-1], stolen.key, False)], stolen.since, stolen.key, False)
    assert not is_found(stolen, raws), "added"
    item = stolen.world.entries()[-1]
    data = stolen.world.file(item.body["recording"], item.body["number"])
    assert data is not None
    payload = payload_of(item.raw)
    payload[10][6] = root_of(data[:HEADER] + bytes(len(data) - HEADER), HEADER, item.body["leaf_size"])
    raws = [*stolen.raws[:-1], signed(stolen.key, payload)]
    chain = chain_of(stolen, raws)
    assert chain is not None, "other media"
    assert fresh_head(stolen, chain, stolen.key).is_signed_in(chain)


def test_a_head_that_a_host_takes_home_ends_that() -> None:
    """The same, once a host holds a head of it: found."""
    stolen = theft()
    world = stolen.world.fork(0)
    world.boot()
    world.settle()
    host = Host(world)
    host.attach()
    later = Theft(world, [host.ask(messages.HEAD)["head"]])
    assert not is_found(later, later.raws)
    for at in range(later.since, later.heads[0].size):
        assert is_found(later, relinked([*later.raws[:at], *later.raws[at + 1 :]], at, later.key, False))
        raws = list(later.raws)
        raws[at] = altered(raws[at], later.key, False)
        assert is_found(later, relinked(raws, at + 1, later.key, False))


def test_an_older_image_has_an_older_key() -> None:
    """Whoever imaged the flash before can go on from there, and a host's heads show it (AT-11, AT-12)."""
    world = provisioned()
    world.record(1500)
    older = Theft(world, [])
    host = Host(world)
    host.attach()
    heads = [host.ask(messages.CLOSE)["head"]]
    newer = Theft(world, heads)
    fork = relinked([*older.raws, altered(older.raws[-1], older.key, False)], len(older.raws), older.key, False)
    payload = payload_of(fork[-1])
    payload[3] = payload_of(newer.raws[-2])[3]
    fork[-1] = signed(older.key, payload)
    assert not is_found(older, fork), "it goes on from the older image"
    assert is_found(newer, fork), "the host holds a head of another history"
