"""Time stamps in a store, judged offline: against the head they name, the custody chain, and the verifier's roots."""

from pathlib import Path

import pytest
from support.forge import START_MS, Host, Recorder, put
from support.time_authority import Authority, needs_openssl, needs_time

from evidock import layout, timestamps
from evidock.report import Stamp
from evidock.timestamps import Roots
from evidock.verification.collector import Collector
from evidock.verification.signed_head import read_heads
from evidock.verification.stamps import Named, judge
from evidock.verification.store_reader import StoreReader
from evidock_protocol import sign1

pytestmark = [needs_time, needs_openssl]

DATED = (1, START_MS)  # long before any stamp of today


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("time") / "authority")


@pytest.fixture(scope="module")
def roots(authority: Authority) -> Roots:
    return timestamps.read_roots(authority.roots)


class Case:
    """A store with a docked recorder, and the stamps that a test puts there."""

    def __init__(self, host: Host, recorder: Recorder, folder: Path, authority: Authority):
        self.recorder, self.folder, self.authority = recorder, folder, authority
        self.raw_heads = host.heads[recorder.device]
        self.hashes = [sign1.statement_hash(raw) for raw in self.raw_heads]

    def put(self, head: int = -1, token: bytes | None = None) -> bytes:
        """A stamp over one of the heads, honest unless `token` is given; its bytes."""
        token = self.authority.stamp(self.raw_heads[head]) if token is None else token
        put(self.folder / layout.recorder(self.recorder.device) / layout.stamp(self.hashes[head]), token)
        return token

    def judge(
        self, roots: Roots | None = None, named: Named | None = None, heads: slice = slice(None), lang: str = "en"
    ) -> tuple[tuple[Stamp, ...], list[tuple[str, str]]]:
        """The stamps, and the findings as (code, text)."""
        reader, collector = StoreReader(self.folder), Collector(lang)
        held = read_heads(reader.heads(self.recorder.device), "heads", collector, self.recorder.device)
        found = judge(reader, self.recorder.device, held[heads], collector, named, roots)
        return found, [(finding.code, finding.text) for finding in collector.findings()]


@pytest.fixture
def case(host: Host, recorder: Recorder, store: Path, authority: Authority) -> Case:
    return Case(host, recorder, store, authority)


def test_a_store_without_stamps_says_nothing(case: Case, roots: Roots) -> None:
    assert case.judge(roots) == ((), [])


def test_a_stamp_that_leads_to_the_roots(case: Case, roots: Roots) -> None:
    token = case.put()
    named = Named({case.hashes[-1]: timestamps.digest(token)}, {case.hashes[-1]: DATED})
    (stamp,), ((code, text),) = case.judge(roots, named)
    assert stamp == Stamp(len(case.recorder.entries), timestamps.read_token(token).latest, stamp.authority, True)
    assert code == "STAMPED"
    for part in (str(stamp.head_size), "+00:00", "Clocktower", "at the latest"):
        assert part in text


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_without_roots_it_is_only_named(case: Case, lang: str) -> None:
    case.put()
    (stamp,), ((code, text),) = case.judge(lang=lang)
    assert not stamp.checked
    assert code == "STAMPED"
    assert "--time-roots" in text
    assert "Clocktower" not in text  # whoever signed it could have written any name


def test_the_largest_head_speaks_for_those_below_it(case: Case, roots: Roots) -> None:
    case.put(0)
    case.put(-1)
    found, said = case.judge(roots)
    assert [stamp.head_size for stamp in found] == sorted((stamp.head_size for stamp in found), reverse=True)
    assert len(found) == 2
    assert len(said) == 1


def mismatch(said: list[tuple[str, str]], part: str) -> None:
    assert [code for code, _text in said] == ["STAMP_MISMATCH"]
    assert part in said[0][1]


def test_a_stamp_under_another_heads_name(case: Case, roots: Roots) -> None:
    case.put(-1, case.authority.stamp(case.raw_heads[0]))
    for given in (roots, None):
        found, said = case.judge(given)
        assert found == ()
        mismatch(said, "another hash")


def test_a_stamp_over_a_head_that_is_not_here(case: Case, roots: Roots) -> None:
    case.put(-1)
    found, said = case.judge(roots, heads=slice(0, 1))
    assert found == ()
    mismatch(said, "not here")


def test_a_stamp_of_an_authority_that_nobody_trusts(case: Case, tmp_path: Path) -> None:
    case.put()
    other = Authority(tmp_path / "other", "Sundial")
    found, said = case.judge(timestamps.read_roots(other.roots))
    assert found == ()
    mismatch(said, "does not lead")


@pytest.mark.parametrize("raw", [b"", b"garbage", b"\x30" * (timestamps.LIMIT + 1)])
def test_what_is_no_stamp(case: Case, roots: Roots, raw: bytes) -> None:
    case.put(-1, raw)
    for given in (roots, None):
        found, said = case.judge(given)
        assert found == ()
        mismatch(said, "time stamp")


def test_a_stamp_that_custody_does_not_name(case: Case, roots: Roots, tmp_path: Path) -> None:
    """Someone put their own in its place: only who trusts that authority is content with it."""
    case.put()
    named = Named({case.hashes[-1]: bytes(32)})
    mismatch(case.judge(None, named)[1], "another time stamp")
    assert case.judge(roots, named)[1][0][0] == "STAMPED"


def test_a_stamp_that_is_gone(case: Case, roots: Roots) -> None:
    named = Named({case.hashes[-1]: bytes(32), bytes(32): bytes(32)})  # the second is over a head that is not here
    found, said = case.judge(roots, named)
    assert found == ()
    mismatch(said, "not here")


def test_a_host_whose_clock_was_ahead(case: Case, roots: Roots) -> None:
    """It dates the head after the authority had stamped it: one of the two was wrong, and nobody knows which."""
    latest = timestamps.read_token(case.put()).latest
    for seconds, complains in ((59, False), (61, True)):
        named = Named({}, {case.hashes[-1]: (1, round((latest + seconds) * 1000))})
        found, said = case.judge(roots, named)
        assert len(found) == (0 if complains else 1)
        assert [code for code, _text in said] == ["STAMP_MISMATCH" if complains else "STAMPED"]


def test_without_the_library_a_stamp_is_named(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    case.put()

    def missing() -> None:
        raise timestamps.EvidockError("time_missing")

    monkeypatch.setattr(timestamps, "require", missing)
    (stamp,), ((code, _text),) = case.judge()
    assert (stamp.latest, stamp.checked, code) == (None, False, "STAMPED")
    named = Named({case.hashes[-1]: bytes(32)})
    mismatch(case.judge(None, named)[1], "another time stamp")
