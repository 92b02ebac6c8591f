"""Dockings of the real agent: two hosts and one recorder, its flash set back, orders and deletions end to end."""

import copy
from collections.abc import Generator
from pathlib import Path

import pytest
from support.board import WALL, World
from support.docks import attach_world, make_organisation

from evidock import ordering, verify, witnessing
from evidock.authority import Organisation
from evidock.docking import SyncResult, sync
from evidock.errors import BadEvidence, Equivocation, Fork, Refused, Rollback
from evidock.provisioning import provision
from evidock.store import Store
from evidock_agent import signals
from evidock_protocol import codes, kinds, messages

NOW_MS = WALL + 60_000


class Site:
    """An organisation with one recorder and two hosts."""

    def __init__(self, folder: Path):
        self.organisation: Organisation = make_organisation()
        self.now = NOW_MS
        self.first = self.host(folder / "first")
        self.second = self.host(folder / "second")
        self.world = World()
        self.world.boot()
        self.world.settle()
        provision(attach_world(self.world, self.first), self.first, "417", "BC-1")
        self.world.settle()
        provision(attach_world(self.world, self.second), self.second)

    def host(self, folder: Path) -> Store:
        return Store.create(folder, self.organisation, folder.name, "UTC", lambda: self.now)

    def record(self, seconds: int = 3) -> None:
        self.world.press(signals.BUTTON_RECORD)
        self.world.run(seconds * 1000)
        self.world.press(signals.BUTTON_RECORD)
        self.world.settle()

    def dock(self, store: Store, delete: bool = False) -> SyncResult:
        self.now += 60_000
        result = sync(attach_world(self.world, store), store, delete=delete)
        self.world.settle()
        return result

    def order(self, operation: int, *arguments: object) -> bytes:
        self.now += 60_000
        assert self.world.agent is not None
        return self.organisation.order(operation, arguments, self.now, self.world.agent.journal.device)


@pytest.fixture
def site(tmp_path: Path) -> Generator[Site]:
    made = Site(tmp_path)
    yield made
    made.first.close()
    made.second.close()


def findings(site: Site, store: Store) -> tuple[str, set[tuple[str, int | None]]]:
    """The verdict, and the codes with their attacks of what is worse than a remark."""
    report = verify(store, trust=[site.organisation.key.thumbprint.hex()])
    serious = {(one.code, one.attack) for one in report.findings if one.verdict is not None}
    return report.verdict.value, serious


def kinds_of(store: Store) -> list[int]:
    device = store.devices()[0]
    archive = store.archive(device)
    return [item.kind for item in archive.entries(0, archive.chain.size)]


def test_nothing_goes_before_both_hosts_have_it(site: Site) -> None:
    """The setting `receipts`, from command to TOMBSTONE."""
    ordering.configure(attach_world(site.world, site.first), {"receipts": 2})
    site.world.settle()
    site.record()
    site.record()
    told = site.dock(site.first, delete=True)
    assert told.receipted == [(1, 1), (2, 1)]
    assert (told.deleted, told.kept) == ([], [(1, 1), (2, 1)])
    assert site.world.file(1, 1) is not None
    told = site.dock(site.second, delete=True)
    assert told.receipted == told.deleted == [(1, 1), (2, 1)]
    assert site.world.file(1, 1) is site.world.file(2, 1) is None
    told = site.dock(site.first)
    assert (told.missing, told.kept, told.contradicted) == ([], [], [])
    assert findings(site, site.first) == ("VERIFIED", set())
    assert findings(site, site.second) == ("VERIFIED", set())
    assert [kinds_of(store).count(kinds.TOMBSTONE) for store in (site.first, site.second)] == [2, 2]


def test_heads_of_both_hosts_agree(site: Site) -> None:
    site.record()
    site.dock(site.first)
    site.dock(site.second)
    for ours, theirs in ((site.first, site.second), (site.second, site.first)):
        raw, _count, _devices = witnessing.export_heads(theirs)
        told = witnessing.import_heads(ours, raw, "heads.cbs")
        assert (told.contradicting, told.unsigned, told.foreign) == ([], [], 0)
    site.dock(site.second)
    assert findings(site, site.second) == ("VERIFIED", set())
    told = site.dock(site.first)
    assert (told.contradicted, told.unknown_custody) == ([], None)


def test_a_flash_that_was_set_back(site: Site) -> None:
    """AT-12: the whole recorder, flash and card, as it was a docking ago. The host notices before any media."""
    site.record()
    site.dock(site.first)
    saved = {name: bytearray(data) for name, data in site.world.flash.items()}
    card = copy.deepcopy(site.world.medium)
    site.record()
    site.record()
    site.dock(site.first)
    site.world.cut()
    site.world.flash = saved
    site.world.medium = card
    site.world.boot()
    site.world.settle()
    before = len(site.first.archive(site.first.devices()[0]).heads)
    with pytest.raises(Rollback, match="set back"):
        site.dock(site.first)
    archive = site.first.archive(site.first.devices()[0])
    assert len(archive.heads) == before + 1
    assert archive.heads[-1].hash in site.first.custody.heads
    verdict, found = findings(site, site.first)
    assert verdict == "ALTERED"
    assert {("ROLLBACK", 12), ("EPOCH_VIOLATION", 18), ("EQUIVOCATION", 14)} & found, found
    site.record()
    site.record()
    site.record()
    site.record()
    with pytest.raises((Rollback, Fork, Equivocation)):  # however long it goes on
        site.dock(site.first)


def test_a_clone_between_two_hosts(site: Site) -> None:
    """AT-14, AT-36: each host docks one of two recorders with the same keys."""
    site.record()
    site.dock(site.first)
    site.dock(site.second)
    saved = {name: bytearray(data) for name, data in site.world.flash.items()}
    card = copy.deepcopy(site.world.medium)
    site.record()
    site.dock(site.first)
    site.world.cut()
    site.world.flash, site.world.medium = saved, card
    site.world.seed = 77  # chance goes another way in the clone
    site.world.boot()
    site.world.settle()
    site.dock(site.second)
    raw, _count, _devices = witnessing.export_heads(site.second)
    told = witnessing.import_heads(site.first, raw, "heads.cbs")
    assert told.contradicting
    verdict, found = findings(site, site.first)
    assert verdict == "ALTERED"
    assert any(code == "EQUIVOCATION" for code, _attack in found), found
    with pytest.raises(BadEvidence):
        site.dock(site.first)


def test_an_order_of_the_organisation(site: Site) -> None:
    """Brought by any host of it: the clock goes back, which no host may do by itself."""
    back = WALL - 3_600_000
    raw = site.order(codes.OPERATION_SET_TIME, back)
    done = ordering.deliver(attach_world(site.world, site.second), raw)
    assert done.operation == "set_time"
    item = site.second.archive(site.second.devices()[0]).entries(done.entry, done.entry + 1)[0]
    assert (item.kind, item.body["source"]) == (kinds.CLOCK, codes.CLOCK_FROM_ORGANISATION)
    site.world.settle()
    with pytest.raises(Refused, match="before"):
        ordering.deliver(attach_world(site.world, site.second), raw)
    site.world.settle()
    with pytest.raises(Refused, match="before"):
        ordering.deliver(attach_world(site.world, site.first), raw)
    site.dock(site.first)


def test_a_reset_waits_for_receipts(site: Site) -> None:
    site.record()
    raw = site.order(codes.OPERATION_RESET)
    with pytest.raises(Refused, match="busy") as caught:
        ordering.deliver(attach_world(site.world, site.first), raw)
    assert caught.value.code == messages.BUSY
    site.dock(site.first)
    assert ordering.deliver(attach_world(site.world, site.first), raw).operation == "reset"


def test_a_successor_that_takes_over(site: Site) -> None:
    """The recorder refuses the old organisation's certificate from then on."""
    assert site.organisation.successor is not None
    successor = site.organisation.successor.public
    raw = site.order(codes.OPERATION_ORGANISATION, successor, bytes(32))
    assert ordering.deliver(attach_world(site.world, site.first), raw).operation == "organisation"
    site.world.settle()
    with pytest.raises(Refused) as caught:
        site.dock(site.first)
    assert caught.value.code == messages.BAD_CERTIFICATE


def test_a_new_organisation_key_reaches_the_recorder(site: Site) -> None:
    """Until its recorder has had the order, a host shows it the certificate that the old key signed."""
    fresh = site.organisation.rotated(site.now + 1000)
    site.now += 60_000
    certificate = fresh.certify(site.first.host.public, "first", site.now)
    site.first.take_certificate(certificate, fresh.lineage)
    site.record()
    assert site.dock(site.first).receipted == [(1, 1)]
    assert ordering.deliver(attach_world(site.world, site.first), fresh.lineage[-1]).operation == "organisation"
    site.world.settle()
    site.record()
    assert site.dock(site.first).receipted == [(2, 1)]
    with pytest.raises(Refused):  # it has not been certified by the new key
        site.dock(site.second)


def test_a_host_that_was_revoked(site: Site) -> None:
    """AT-37: once the recorder has seen a newer generation, it refuses the certificates before it."""
    site.now += 60_000
    newer = site.organisation.certify(site.first.host.public, "first", site.now, generation=2)
    site.first.take_certificate(newer)
    site.dock(site.first)
    with pytest.raises(Refused, match="newer generation") as caught:
        site.dock(site.second)
    assert caught.value.code == messages.OLDER_GENERATION


def test_a_setting_out_of_bounds_is_refused_by_the_recorder_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def any_number(_name: str, _value: int) -> int:
        return 17

    monkeypatch.setattr(ordering, "setting_number", any_number)
    with pytest.raises(Refused) as caught:
        ordering.configure(attach_world(site.world, site.first), {"receipts": 9})
    assert caught.value.code == messages.OUT_OF_RANGE
