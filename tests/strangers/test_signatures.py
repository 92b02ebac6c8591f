"""Programs that know nothing of evidock verify what a host pulled: pycose, cwt and the openssl command (AT-2).

Specification: "COSE_Sign1". And they refuse it when one bit of protected header, payload or signature is another.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from strangers.archive import Archive, Signed
from strangers.conftest import Ask

from evidock_protocol import entry, kinds, sign1, statements

PUBLIC_KEY = bytes.fromhex("302a300506032b6570032100")  # before a key: SubjectPublicKeyInfo with id-Ed25519 (RFC 8410)
PROGRAMS = {"pycose": "verify_with_pycose.py", "cwt": "verify_with_cwt.py"}
TYPES = (
    statements.TYP_ENTRY,
    statements.TYP_HEAD,
    statements.TYP_RECEIPT,
    statements.TYP_CUSTODY,
    statements.TYP_CERTIFICATE,
)


def flipped(raw: bytes) -> dict[str, bytes]:
    """Copies with one bit that differs: in each part that a signature covers, in the signature, and in its R and S."""
    payload = raw.index(sign1.parse(raw).payload)
    places = {
        "key id": 12,
        "type": 45,
        "first of the payload": payload,
        "last of the payload": payload + len(sign1.parse(raw).payload) - 1,
        "first of R": len(raw) - 64,
        "last of R": len(raw) - 33,
        "first of S": len(raw) - 32,
        "middle of S": len(raw) - 16,
    }
    return {name: raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :] for name, at in places.items()}


def row(one: Signed) -> str:
    return f"{one.raw.hex()} {one.key.hex()}"


def test_the_archive_has_every_type_that_a_docking_makes(synced: Archive) -> None:
    """Else what follows would say little."""
    assert {one.typ for one in synced.signed} == set(TYPES)
    parsed = [entry.parse(one.raw) for one in synced.of(statements.TYP_ENTRY)]
    wanted = {"GENESIS", "EPOCH", "BOOT", "OFF", "CHECK", "START", "STOP", "SEGMENT", "INTERRUPT", "MARK", "HOST"}
    assert {kinds.kind_name(kinds.ENTRY_KINDS, one.kind) for one in parsed} >= wanted
    assert len({one.key for one in synced.of(statements.TYP_ENTRY)}) >= 3


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_statement_of_an_archive_verifies(name: str, synced: Archive, ask: Ask) -> None:
    verdicts = ask(name, PROGRAMS[name], [row(one) for one in synced.signed])
    assert set(verdicts) == {"accepted"}, [one for one in verdicts if one != "accepted"][:3]


@pytest.mark.parametrize("name", PROGRAMS)
def test_one_bit_is_enough_to_be_refused(name: str, synced: Archive, ask: Ask) -> None:
    chosen = [synced.of(typ)[-1] for typ in TYPES] + synced.of(statements.TYP_ENTRY)[:3]
    changed = [(part, raw, one.key) for one in chosen for part, raw in flipped(one.raw).items()]
    verdicts = ask(name, PROGRAMS[name], [f"{raw.hex()} {key.hex()}" for _part, raw, key in changed])
    passed = [part for (part, _raw, _key), verdict in zip(changed, verdicts, strict=True) if verdict == "accepted"]
    assert passed == []


@pytest.mark.parametrize("name", PROGRAMS)
def test_another_key_is_refused(name: str, synced: Archive, ask: Ask) -> None:
    """Each entry under the key of the epoch before or after it."""
    entries = synced.of(statements.TYP_ENTRY)
    keys = list(dict.fromkeys(one.key for one in entries))
    rows = [f"{one.raw.hex()} {keys[keys.index(one.key) - 1].hex()}" for one in entries]
    assert all(verdict.startswith("refused") for verdict in ask(name, PROGRAMS[name], rows))


def test_openssl_verifies_an_entry(synced: Archive, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl command")
    told = subprocess.run([openssl, "version"], capture_output=True, text=True, check=True).stdout
    if not told.startswith("OpenSSL 3"):
        pytest.skip(f"{told.strip()}: -rawin takes Ed25519 from OpenSSL 3.0 on")
    one = next(one for one in synced.of(statements.TYP_ENTRY) if entry.parse(one.raw).kind == kinds.SEGMENT)
    assert holds_by_openssl(openssl, tmp_path, one.raw, one.key)
    for part, raw in flipped(one.raw).items():
        assert not holds_by_openssl(openssl, tmp_path, raw, one.key), part


def holds_by_openssl(openssl: str, folder: Path, raw: bytes, key: bytes) -> bool:
    sealed = sign1.parse(raw)
    parts = {"key.der": PUBLIC_KEY + key, "signed": sealed.signed_bytes(), "signature": sealed.signature}
    for name, content in parts.items():
        (folder / name).write_bytes(content)
    command = [
        openssl, "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER",
        "-inkey", str(folder / "key.der"), "-in", str(folder / "signed"), "-sigfile", str(folder / "signature"),
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0
