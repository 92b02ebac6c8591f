"""RFC 3161 tokens and responses: what holds, what does not, and that hostile bytes raise one typed error."""

import base64
import builtins
import hashlib
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.time_authority import EXPIRED, Authority, needs_openssl, needs_time

from evidock import timestamps
from evidock.errors import EvidockError, StoreError
from evidock.timestamps import BadStamp, Roots

HEAD = b"a signed head"

pytestmark = [needs_time, needs_openssl]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("time") / "authority")


@pytest.fixture(scope="module")
def roots(authority: Authority) -> Roots:
    return timestamps.read_roots(authority.roots)


@pytest.fixture(scope="module")
def token(authority: Authority) -> bytes:
    return authority.stamp(HEAD)


def refused(token: bytes, roots: Roots, key: str) -> None:
    with pytest.raises(BadStamp) as caught:
        timestamps.check(token, roots)
    assert caught.value.key == key


def der_of(pem: Path) -> bytes:
    """The bytes of the certificate in a PEM file."""
    return base64.b64decode("".join(line for line in pem.read_text().splitlines() if not line.startswith("-")))


def test_an_answer_to_a_query(authority: Authority, roots: Roots) -> None:
    query = timestamps.query(HEAD)
    before = datetime.now(UTC).timestamp()
    read = timestamps.check(timestamps.take_response(authority.answer(query.raw)), roots)
    assert read.imprint == hashlib.sha256(HEAD).digest()
    assert read.nonce == query.nonce
    assert "Clocktower" in read.authority
    # A bound from above: never before the moment itself, and not much after it.
    assert before <= read.latest + 1e-3
    assert read.latest <= datetime.now(UTC).timestamp() + 3


def test_queries_have_nonces_of_their_own() -> None:
    assert len({timestamps.query(HEAD).nonce for _ in range(20)}) == 20


def test_what_openssl_stamps_without_a_nonce(token: bytes, roots: Roots) -> None:
    assert timestamps.check(token, roots).nonce is None


def test_certificates_of_several_authorities_may_be_given(tmp_path: Path, authority: Authority, token: bytes) -> None:
    other = Authority(tmp_path / "other", "Sundial")
    both = tmp_path / "both.pem"
    both.write_bytes(other.roots.read_bytes() + authority.roots.read_bytes())
    assert len(timestamps.read_roots(both)) == 2
    assert timestamps.check(token, timestamps.read_roots(both)) == timestamps.read_token(token)


def test_certificates_that_a_token_brings_lead_to_a_root(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority", through="Belfry")
    token = authority.stamp(HEAD)
    assert b"Belfry" in token
    assert timestamps.check(token, timestamps.read_roots(authority.roots))
    # Whoever is trusted is named, and no one above or below.
    refused(token, timestamps.read_roots(authority.folder / "between.pem"), "stamp_untrusted")


def test_certificates_may_come_in_any_order(authority: Authority, roots: Roots) -> None:
    """OpenSSL sends its own first; DER, and so the library, wants them sorted. No signature covers the order."""
    answer = authority.answer(timestamps.query(HEAD).raw)
    own, root = (der_of(authority.folder / name) for name in ("stamp.pem", "root.pem"))
    assert own + root in answer
    for both in (own + root, root + own):
        token = timestamps.take_response(answer.replace(own + root, both))
        for found in (token, token.replace(own + root, both), token.replace(root + own, both)):
            assert timestamps.check(found, roots).imprint == hashlib.sha256(HEAD).digest()


def test_an_authority_of_the_same_name_is_another_one(tmp_path: Path, token: bytes) -> None:
    impostor = Authority(tmp_path / "impostor")
    refused(token, timestamps.read_roots(impostor.roots), "stamp_untrusted")


def test_the_certificate_that_a_token_brings_proves_nothing(authority: Authority, token: bytes) -> None:
    refused(token, timestamps.read_roots(authority.folder / "stamp.pem"), "stamp_untrusted")


def test_a_certificate_that_had_ended_when_it_stamped(tmp_path: Path) -> None:
    late = Authority(tmp_path / "late", life=EXPIRED)
    refused(late.stamp(HEAD), timestamps.read_roots(late.roots), "stamp_untrusted")


def test_a_key_that_was_certified_for_something_else(authority: Authority, roots: Roots, token: bytes) -> None:
    forged = authority.misuse(token)
    assert timestamps.read_token(forged).imprint == hashlib.sha256(HEAD).digest()
    refused(forged, roots, "stamp_untrusted")


def test_another_hash_function(authority: Authority, roots: Roots) -> None:
    refused(authority.stamp(HEAD, "-sha512"), roots, "stamp_hash")


def test_an_authority_that_hardly_knows_the_time(tmp_path: Path) -> None:
    vague = Authority(tmp_path / "vague", accuracy=90_000)
    refused(vague.stamp(HEAD), timestamps.read_roots(vague.roots), "stamp_accuracy")


def test_the_accuracy_counts(tmp_path: Path, token: bytes) -> None:
    vague = Authority(tmp_path / "vague", accuracy=600)
    later = timestamps.read_token(vague.stamp(HEAD)).latest - timestamps.read_token(token).latest
    assert 590 < later < 700


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        (b"", "stamp_malformed"),
        (b"garbage", "stamp_malformed"),
        (b"<html>Not here</html>", "stamp_malformed"),
        (bytes.fromhex("30053003020102"), "stamp_refused"),
        (bytes.fromhex("30053003020103"), "stamp_refused"),
        (bytes.fromhex("300b3009020102300403020520"), "stamp_malformed"),
        (bytes.fromhex("30053003020100"), "stamp_malformed"),  # granted, but without a token
        (b"\x30" * (timestamps.LIMIT + 1), "stamp_long"),
        (b"\x30\x84\xff\xff\xff\xff", "stamp_malformed"),
    ],
)
def test_answers_that_are_no_stamp(raw: bytes, key: str) -> None:
    with pytest.raises(BadStamp) as caught:
        timestamps.take_response(raw)
    assert caught.value.key == key


def test_a_rejection_says_why(authority: Authority) -> None:
    asked = authority.answer(b"no query")  # a TimeStampResp of status 2 with a sentence
    with pytest.raises(BadStamp, match=r"refused to stamp \(status 2\): \S+"):
        timestamps.take_response(asked)


def test_trailing_bytes(authority: Authority, roots: Roots, token: bytes) -> None:
    refused(token + b"\0", roots, "stamp_malformed")
    refused(token[:-1], roots, "stamp_malformed")
    refused(b"\x30" * (timestamps.LIMIT + 1), roots, "stamp_long")


def test_no_flipped_byte_changes_what_a_token_says(authority: Authority, roots: Roots, token: bytes) -> None:
    expected = timestamps.check(token, roots)
    held = 0
    start = token.index(der_of(authority.roots))  # the root that it brings decides nothing: one byte of it is enough
    needless = range(start + 100, start + len(der_of(authority.roots)))
    for place in (place for place in range(len(token)) if place not in needless):
        for flip in (0x01, 0x55, 0x80):
            changed = token[:place] + bytes((token[place] ^ flip,)) + token[place + 1 :]
            try:
                assert timestamps.check(changed, roots) == expected
                held += 1
            except BadStamp:
                pass
    assert held < 400  # a few bytes are signed by nobody: versions, parameters that mean nothing


@settings(max_examples=200)
@given(raw=st.binary(max_size=200))
def test_any_bytes_raise_one_error(raw: bytes) -> None:
    for read in (timestamps.take_response, timestamps.read_token):
        with pytest.raises(BadStamp):
            read(raw)


@settings(max_examples=300)
@given(data=st.data())
def test_any_damage_raises_one_error(data: st.DataObject, token: bytes, roots: Roots) -> None:
    at = data.draw(st.integers(0, len(token) - 1))
    length = data.draw(st.integers(0, 40))
    raw = token[:at] + data.draw(st.binary(max_size=40)) + token[at + length :]
    with suppress(BadStamp):
        assert timestamps.check(raw, roots) == timestamps.read_token(token)


@pytest.mark.parametrize("content", [b"", b"no certificate", b"\xff" * 70_000])
def test_a_file_without_certificates(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "roots.pem").write_bytes(content)
    with pytest.raises(BadStamp, match="no certificates"):
        timestamps.read_roots(tmp_path / "roots.pem")


def test_a_file_of_certificates_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="roots"):
        timestamps.read_roots(tmp_path / "roots.pem")


def test_without_the_library_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    genuine = builtins.__import__

    def imported(name: str, *rest: Any) -> Any:
        if name.split(".")[0] in ("rfc3161_client", "cryptography"):
            raise ModuleNotFoundError(name)
        return genuine(name, *rest)

    monkeypatch.setattr(builtins, "__import__", imported)
    for name in [name for name in sys.modules if name.split(".")[0] == "rfc3161_client"]:
        monkeypatch.delitem(sys.modules, name)
    for call in (
        timestamps.require,
        lambda: timestamps.query(HEAD),
        lambda: timestamps.read_token(b""),
        lambda: timestamps.take_response(b""),
        lambda: timestamps.read_roots(tmp_path / "roots.pem"),
    ):
        with pytest.raises(EvidockError, match=r"pip install 'evidock\[time\]'"):
            call()
