"""Attacks on signatures and keys themselves: what verifiers that are not strict accept, made without any secret.

Attacks: AT-39. Specification: "Signatures: Ed25519 strictness". Points of small order and numbers above the group's
order are the known ways to have two signatures for one statement, or one signature for every statement.
"""

from collections.abc import Callable

from evidock_protocol import cbor, kinds, merkle, sign1, statements
from evidock_protocol.entry import ZERO_HASH
from evidock_simulator.attacks.attack import Attack, Damage
from evidock_simulator.attacks.evidence import Evidence
from evidock_simulator.attacks.forgery import payload_of

ORDER = (1 << 252) + 27742317777372353535851937790883648493
PRIME = (1 << 255) - 19
# The neutral element, in its canonical encoding and in another that some readers take.
NEUTRAL = (1).to_bytes(32, "little")
NOT_CANONICAL = (PRIME + 1).to_bytes(32, "little")
_BAD_SIGNATURE = (("BAD_SIGNATURE", 2),)
_DEVICE, _SEQUENCE, _PREVIOUS, _KIND, _BODY = 2, 4, 5, 6, 10  # keys of a payload
_PUBLIC_KEY, _SIZE, _ROOT, _PEAKS = 0, 1, 2, 3  # keys of the bodies of GENESIS and EPOCH


def add_group_order(evidence: Evidence) -> Damage:
    """S + L instead of S: the same point, so that whoever does not look at the range takes a second signature."""

    def change(signature: bytes) -> bytes:
        number = int.from_bytes(signature[32:], "little") + ORDER
        return signature[:32] + number.to_bytes(32, "little")

    return _signature(evidence, change, "the group's order added to S")


def small_order_signature(evidence: Evidence) -> Damage:
    return _signature(evidence, lambda _old: NEUTRAL + bytes(32), "R of small order, S of zero")


def non_canonical_signature(evidence: Evidence) -> Damage:
    """R not reduced."""
    return _signature(evidence, lambda old: NOT_CANONICAL + old[32:], "R in another encoding")


def small_order_key(evidence: Evidence) -> Damage:
    return _weak_recorder(evidence, NEUTRAL, "a recorder whose key has small order")


def non_canonical_key(evidence: Evidence) -> Damage:
    return _weak_recorder(evidence, NOT_CANONICAL, "a recorder whose key has small order, in another encoding")


def _signature(evidence: Evidence, change: Callable[[bytes], bytes], text: str) -> Damage:
    recorder = evidence.recorder
    stops = recorder.indices(kinds.STOP)
    if not stops:
        raise ValueError(f"{recorder.journal}: this attack needs a STOP entry")
    raw = recorder.entries[stops[0]]
    entries = list(recorder.entries)
    entries[stops[0]] = raw[: -sign1.SIGNATURE] + change(raw[-sign1.SIGNATURE :])
    recorder.write(entries)
    return Damage(text, recorder.name(recorder.journal), bytes=recorder.span(stops[0]))


def _weak_recorder(evidence: Evidence, key: bytes, text: str) -> Damage:
    """The recorder's journal made anew under the neutral element as its only key.

    R = key and S = 0 then fulfil the equation for every statement, and nobody needs a secret.
    """
    recorder = evidence.recorder
    recorder.genesis  # noqa: B018 (there must be one)
    key_id, made, tree = sign1.thumbprint(key), list[bytes](), merkle.TreeHasher()
    for raw in recorder.entries:
        payload = payload_of(raw)
        payload.update({_DEVICE: key_id, _SEQUENCE: len(made)})
        payload[_PREVIOUS] = sign1.statement_hash(made[-1]) if made else ZERO_HASH
        if payload[_KIND] in (kinds.GENESIS, kinds.EPOCH):
            payload[_BODY][_PUBLIC_KEY] = key  # type: ignore[index]
        if payload[_KIND] == kinds.EPOCH:
            payload[_BODY].update({_SIZE: len(made), _ROOT: tree.root(), _PEAKS: list(tree.peaks)})  # type: ignore[attr-defined]
        made.append(sign1.assemble(statements.TYP_ENTRY, key_id, cbor.encode(payload), NEUTRAL + bytes(32)))
        tree.append(merkle.leaf_hash(sign1.statement_hash(made[-1])))
    target = recorder.folder.with_name(key_id.hex() if evidence.is_store else key_id.hex()[:8].upper())
    target.mkdir()
    (target / recorder.journal.name).write_bytes(b"".join(made))
    return Damage(text, recorder.name(target / recorder.journal.name))


# fmt: off
ATTACKS = (
    Attack("add-group-order", 39, "ALTERED", _BAD_SIGNATURE,
           "a second signature made of a first one: S + L", "由已有签名变造第二个签名:S + L", add_group_order),
    Attack("small-order-signature", 39, "ALTERED", _BAD_SIGNATURE,
           "a signature with R of small order", "R 为小阶点的签名", small_order_signature),
    Attack("non-canonical-signature", 39, "ALTERED", _BAD_SIGNATURE,
           "a signature whose R is not reduced", "R 未化简的签名", non_canonical_signature),
    Attack("small-order-key", 39, "ALTERED", _BAD_SIGNATURE,
           "a recorder with a key under which one signature fits every entry",
           "放入小阶公钥的记录仪，同一签名适用于所有条目", small_order_key),
    Attack("non-canonical-key", 39, "ALTERED", _BAD_SIGNATURE,
           "the same with the key in an encoding that is not canonical", "同上，公钥使用非规范编码", non_canonical_key),
)
# fmt: on
