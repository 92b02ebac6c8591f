"""Every attack of the catalogue, done by `evidock-sim attack` to a real archive and found by `evidock verify`.

Attacks: the rows that each entry of the catalogue names. The catalogue says what must be found; nothing here is softer.
"""

import filecmp
import hashlib
import json
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import pytest
from end_to_end.conftest import Verify
from end_to_end.evidence import STATUS, VERDICTS, Shift, begins, journal, one_line, run
from end_to_end.shifts import Liar, play
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.docks import make_store
from support.forge import Host, write_card
from support.forge import shift as forged_shift
from support.forged_media import encoder_file, noise

from evidock.client import Recorder as Client
from evidock.client.session import open_session
from evidock.errors import Refused, StaleHead
from evidock.store import Store
from evidock.verification import verify as verify_quietly
from evidock_protocol import codes, kinds, messages, sign1, statements, versions
from evidock_simulator import attacks, cli, scenario
from evidock_simulator.attacks import ATTACKS, Attack, Damage, histories, misuse
from evidock_simulator.attacks.forgery import Forger
from evidock_simulator.lane import Recorder

LEAF = versions.LEAF_SOUND  # bytes
# Where damage is done to a file of the store, and what the report calls that file.
NAMED = {"journal.cbs": "journal"}
NEEDED_ROWS = {
    *(1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 14, 15, 16, 17, 18, 19, 23, 24, 25, 26, 27, 29, 30, 31, 35, 36, 37, 39)
}  # fmt: skip
# What is done to a recorder that works, or to a docking, is no attack on a copy: who shows each of these rows.
ELSEWHERE = {
    9: "test_an_honest_fault_that_looks_like_one",
    13: "test_at_13_an_old_answer_is_refused",
    20: "test_a_recorder_that_somebody_meddles_with",
    21: "test_a_recorder_that_somebody_meddles_with",
    22: "test_a_recorder_that_somebody_meddles_with",
    28: "test_no_random_damage_passes",
    32: "test_at_32_nothing_foreign_forged_or_replayed_is_obeyed",
    33: "test_a_recorder_that_somebody_meddles_with",
    34: "test_a_recorder_that_somebody_meddles_with",
    38: "test_at_38_a_flood_of_strangers_loses_nothing",
}
ROWS = 39


class Pictured(NamedTuple):
    """Evidence of pictures: a store, and the card that it was pulled from."""

    store: Path
    card: Path
    pin: str
    device: str


@pytest.fixture(scope="session")
def pictured(tmp_path_factory: pytest.TempPathFactory) -> Pictured:
    """A forged recorder with sound and pictures, and one with an encoder of its own. Never written to."""
    folder = tmp_path_factory.mktemp("pictured")
    host = Host()
    recorder = host.recorder(tracks=codes.TRACK_SOUND | codes.TRACK_PICTURE)
    recorder.booted()
    recorder.start()
    for _ in range(2):
        recorder.both(4.0)
    recorder.stop()
    recorder.start()
    recorder.wait(4)
    recorder.seal_file(encoder_file(0)._replace(data=mp4(9000), header=512), recorder.last_tick, recorder.ticks)
    recorder.stop()
    host.dock(recorder)
    store, card = host.write(folder / "store", recorder), write_card(folder / "card", recorder)
    return Pictured(store, card, host.pin, recorder.device.hex())


def mp4(length: int) -> bytes:
    """The boxes of an MP4 file down to its decoder configuration, around data that nobody can decode."""

    def box(name: bytes, content: bytes) -> bytes:
        return (8 + len(content)).to_bytes(4, "big") + name + content

    configuration = box(b"avcC", bytes.fromhex("014d4028ffe10004674d402801000468ee3c80"))
    return box(b"ftyp", b"isom" + bytes(8)) + box(b"moov", box(b"avc1", configuration)) + box(b"mdat", noise(length, 0))


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=list(ATTACKS))
def test_an_attack_is_named(
    attack: Attack,
    shift: Shift,
    pictured: Pictured,
    tmp_path: Path,
    verify: Verify,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The class, its row and the verdict are those of the catalogue; the damage is where it was done."""
    copy = tmp_path / "copy"
    evidence = pictured if attack.needs_media else shift
    try:
        cli.attack(attack.name, evidence.store, copy)  # what `evidock-sim attack NAME SRC DST` calls
        told = capsys.readouterr().out
        done = attacks.apply(attack.name, evidence.store, tmp_path / "again")
        assert str(done) in told
        assert differing(copy, tmp_path / "again") == []  # the same evidence gives the same copy
        status, report = verify(copy, trust=evidence.pin)
        located = [(one["code"], one["attack"]) for one in report["findings"]]
        assert set(attack.findings) <= set(located), located
        assert report["verdict"] == attack.verdict, located
        assert status == STATUS[attack.verdict]
        check_place(attack, done, report, copy)
    finally:
        shutil.rmtree(copy, ignore_errors=True)
        shutil.rmtree(tmp_path / "again", ignore_errors=True)


def check_place(attack: Attack, done: Damage, report: dict[str, Any], copy: Path) -> None:
    """The findings of the attack's own code name the file, the segment, the bytes and the seconds."""
    code = attack.findings[0][0]
    findings = [one for one in report["findings"] if one["code"] == code]
    if done.segment is not None and attack.row != 2:
        about = [(one["recording"], one["segment"]) for one in findings]
        assert (done.recording, done.segment) in about or (attack.row == 10 and (done.recording, 1) in about), about
    if done.bytes is None:
        return
    first, end = done.bytes
    name = Path(done.path).name
    named = [one for one in findings if one["bytes"] and one["path"] in (done.path, NAMED.get(name))]
    if name not in NAMED and name.endswith(".cbs"):
        return  # of heads, receipts and custody the text names the number
    assert named, findings
    covered = [one["bytes"] for one in named]
    assert min(one[0] for one in covered) < end, covered
    assert max(one[1] for one in covered) > first, covered
    if done.segment is None or name == "journal.cbs":
        return
    # In a media file: no byte that was changed is left out, and not more than a leaf around them is accused.
    assert min(one[0] for one in covered) <= first
    assert max(one[1] for one in covered) >= end
    assert min(one[0] for one in covered) >= first - LEAF
    assert max(one[1] for one in covered) <= end + LEAF
    if done.seconds is not None:
        times = [[datetime.fromisoformat(one["time"][end]).timestamp() for end in ("from", "to")] for one in named]
        begin = begins(copy / Path(done.path).parents[5], done.recording or 0, done.segment)
        slack = LEAF / 16_000 + 0.01  # a leaf of 8 kHz sound
        assert begin + done.seconds[0] - slack <= times[0][0] <= begin + done.seconds[0] + 0.01
        assert begin + done.seconds[1] - 0.01 <= times[-1][1] <= begin + done.seconds[1] + slack


def test_every_row_is_there() -> None:
    assert {attack.row for attack in ATTACKS.values()} >= NEEDED_ROWS
    assert NEEDED_ROWS | set(ELSEWHERE) == set(range(1, ROWS + 1))
    assert set(ELSEWHERE.values()) <= set(globals())
    assert {attack.needs_media for attack in ATTACKS.values() if attack.row == 24} == {"", "AVI", "MP4"}
    assert {attack.verdict for attack in ATTACKS.values() if attack.row != 37} <= set(VERDICTS[2:])


def test_the_untouched_copy_is_verified(shift: Shift, verify: Verify) -> None:
    """Else the attacks would prove nothing."""
    status, report = verify(shift.store)
    assert (status, report["verdict"]) == (0, "VERIFIED_DECLARED_GAPS")
    # One power loss that nobody spoke of, and an officer who stops and starts again: OB-7 and OB-21, no verdict.
    assert {one["code"] for one in report["findings"]} == {"GAP_DECLARED", "BREAK", "NO_VOICE"}
    assert {one["id"] for one in report["devices"]} == set(shift.devices.values())


def test_untouched_pictures_are_verified(pictured: Pictured, verify: Verify) -> None:
    status, report = verify(pictured.store, trust=pictured.pin)
    assert (status, report["verdict"] in VERDICTS[:2]) == (0, True), report["findings"]


# Whom a verifier trusts (AT-16, AT-39).


def test_at_16_another_recorders_card_under_a_pinned_recorder(shift: Shift, verify: Verify) -> None:
    """Each entry on it is genuine, and the recorder enrolled; it is just not the one that was pinned."""
    status, report = verify(shift.cards["two"], trust=shift.devices["one"])
    assert (status, report["verdict"]) == (STATUS["UNTRUSTED"], "UNTRUSTED")
    own, own_report = verify(shift.cards["two"], trust=shift.devices["two"])
    assert (own, own_report["verdict"]) == (STATUS["INDETERMINATE"], "INDETERMINATE")


def test_at_39_nothing_is_trusted_without_a_pin(shift: Shift, tmp_path: Path) -> None:
    done = run(tmp_path, "verify", str(shift.store), "--json")  # a user who has no pin of this organisation
    report = json.loads(done.stdout)
    assert (done.returncode, report["verdict"]) == (STATUS["UNTRUSTED"], "UNTRUSTED")
    assert [(one["code"], one["attack"]) for one in report["findings"] if one["code"] == "NO_PIN"] == [
        ("NO_PIN", 39)
    ] * 2


def test_at_39_a_package_that_brings_its_own_organisation(shift: Shift, verify: Verify, tmp_path: Path) -> None:
    """An attacker's organisation, host and recorder: consistent in itself, and worth nothing to who pinned another."""
    attacker = Host("attacker", "attacker's organisation")
    package = attacker.write(tmp_path / "package", forged_shift(attacker))
    assert verify(package, trust=attacker.pin)[1]["verdict"] == "VERIFIED"
    status, report = verify(package)
    assert (status, report["verdict"]) == (STATUS["UNTRUSTED"], "UNTRUSTED")
    assert ("FOREIGN_ORGANISATION", 39) in [(one["code"], one["attack"]) for one in report["findings"]]
    unpinned = json.loads(run(tmp_path, "verify", str(package), "--json").stdout)
    assert unpinned["verdict"] == "UNTRUSTED"
    assert ("NO_PIN", 39) in [(one["code"], one["attack"]) for one in unpinned["findings"]]


# The command.


def test_the_command_lists_and_attacks(shift: Shift, tmp_path: Path) -> None:
    listed = run(tmp_path, "attacks", package="evidock_simulator").stdout.splitlines()
    assert [line.split()[0] for line in listed] == list(ATTACKS)
    assert all(f"AT-{attack.row} " in line for line, attack in zip(listed, ATTACKS.values(), strict=True))
    before = digest(shift.store)
    done = run(tmp_path, "attack", "silence", str(shift.store), str(tmp_path / "copy"), package="evidock_simulator")
    assert (done.returncode, done.stderr) == (0, "")
    assert digest(shift.store) == before
    assert len(differing(shift.store, tmp_path / "copy")) == 1
    verified = run(tmp_path, "verify", str(tmp_path / "copy"), "--trust", shift.pin)
    assert (verified.returncode, verified.stderr) == (STATUS["ALTERED"], "")
    assert "CONTENT_MISMATCH (AT-1)" in verified.stdout


def test_both_languages() -> None:
    for lang in ("en", "zh"):
        texts = [text for _name, text in attacks.listing(lang)]
        assert len(set(texts)) == len(ATTACKS)
        assert not [text for text in texts if "\n" in text]


@pytest.mark.parametrize(
    ("name", "source", "target", "words"),
    [
        ("no-such", "store", "new", "no such attack"),
        ("flip-bit", "nowhere", "new", "nothing here"),
        ("flip-bit", "store", "made", "there already"),
        ("flip-bit", "store", "store/inside", "inside"),
        ("flip-bit", "made", "new", "neither a store nor a card"),
        ("flip-bit", "text", "new", "FAT32"),
    ],
)
def test_what_cannot_be_attacked(name: str, source: str, target: str, words: str, shift: Shift, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "text").write_text("a thesis")
    before = digest(shift.store)
    places = [
        str(shift.store) + one[5:] if one.startswith("store") else str(tmp_path / one) for one in (source, target)
    ]
    done = run(tmp_path, "attack", name, *places, package="evidock_simulator")
    assert done.returncode == 1
    assert words in one_line(done.stderr, "evidock-sim")
    assert digest(shift.store) == before
    assert not (tmp_path / "new").exists()
    assert not list((tmp_path / "made").iterdir())


@pytest.mark.parametrize("name", ["delete-segment", "trim-tail", "foreign-media", "delete-heads", "splice-recordings"])
def test_evidence_that_does_not_suit(name: str, shift: Shift, tmp_path: Path) -> None:
    """One short recording: too few segments, recordings or recorders. The message says which evidence it needs."""
    small = tmp_path / "small"
    shutil.copytree(shift.store, small)
    shutil.rmtree(small / "recorders" / shift.devices["one"])
    (small / "recorders" / shift.devices["two"] / "heads.cbs").unlink()
    with pytest.raises(ValueError, match="needs") as error:
        attacks.apply(name, small, tmp_path / "new")
    assert str(small) in str(error.value)
    assert not (tmp_path / "new").exists()


def test_keys_that_are_not_to_be_had(pictured: Pictured, tmp_path: Path) -> None:
    """Of a recorder whose keys nobody knows nothing of this can be made."""
    for attack in (one for family in (histories, misuse) for one in family.ATTACKS):
        if attack.name != "receipt-without-media":
            with pytest.raises(ValueError, match="needs"):
                attacks.apply(attack.name, pictured.store, tmp_path / "new")
            assert not (tmp_path / "new").exists()


# Recorders: what somebody does while the recorder itself goes on, and the honest faults that look like it.


@pytest.mark.parametrize(
    ("name", "finding", "verdict"),
    [
        ("anchors-gone", ("GAP_DECLARED", 9), "INDETERMINATE"),
        ("clock-stepped", ("CLOCK_STEP", 20), "INCOMPLETE"),
        ("microphone-pauses", ("SAMPLES_LOST", 21), "INCOMPLETE"),
        ("false-reason", ("REASON_CONFLICT", 22), "INCOMPLETE"),
        ("tail-removed", ("MEDIA_LOST", 33), "INCOMPLETE"),
        ("picture-tail-removed", ("MEDIA_LOST", 33), "INCOMPLETE"),
        ("tail-file-removed", ("MEDIA_LOST", 33), "INCOMPLETE"),
        ("tail-appended", ("RECOVERED_EXCESS", 34), "INDETERMINATE"),
    ],
)
def test_a_recorder_that_somebody_meddles_with(
    name: str, finding: tuple[str, int], verdict: str, tmp_path: Path
) -> None:
    report, _began = play(name, tmp_path)
    assert scenario.attack(name) == finding[1]
    assert finding in [(one["code"], one["attack"]) for one in report["findings"]]
    assert report["verdict"] == verdict


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (9, "power-lost"),
        (20, "clock-lost"),
        (20, "clock-2021"),
        (21, "overrun"),
        (22, "battery-low"),
        (33, "card-removed"),
        (34, "brown-out"),
        (38, "flood"),
    ],
)
def test_an_honest_fault_that_looks_like_one(row: int, name: str, tmp_path: Path) -> None:
    """The same signs without the attack: never worse than declared gaps, or undecided where a time is not known."""
    report, _began = play(name, tmp_path)
    worst = "INDETERMINATE" if row == 20 else "VERIFIED_DECLARED_GAPS"
    assert VERDICTS.index(report["verdict"]) <= VERDICTS.index(worst), report["findings"]


def test_at_20_a_step_that_a_host_ordered(tmp_path: Path) -> None:
    """The same step as in clock-stepped, with a signed command: told, and nothing is worse for it."""

    def meanwhile(recorder: Recorder, store: Store) -> None:
        recorder.run_while(lambda: recorder.world.elapsed() < 20_000)
        client = Client(recorder.link, "lane", store, False, recorder.link.monotonic)
        session = open_session(client.connection, store, client.device or b"")
        session.set_time((recorder.clock.unix_ms() or 0) + 3_600_000)
        session.close()

    report, _began = play("quiet-shift", tmp_path, meanwhile=meanwhile)
    assert report["verdict"] == "VERIFIED", report["findings"]
    assert ("CLOCK_SET", 20) in [(one["code"], one["attack"]) for one in report["findings"]]


def test_at_21_a_firmware_that_claims_continuity(tmp_path: Path) -> None:
    """It signs that nothing was lost and that all came that was expected: the ticks say what should have come."""

    class Continuous(Liar):
        lies: ClassVar = {kinds.SEGMENT: lambda body: body.update(lost=0, expected=body["written"])}

    report, _began = play("microphone-pauses", tmp_path, Continuous)
    assert report["verdict"] == "INCOMPLETE"
    assert ("COVERAGE_HOLE", 21) in [(one["code"], one["attack"]) for one in report["findings"]]


def test_at_38_a_flood_of_presses_loses_nothing(tmp_path: Path) -> None:
    """Every recording has its time, and every mark is counted."""
    report, _began = play("flood", tmp_path)
    events = scenario.load("flood")[0]["events"]
    spans = [span for span in report["coverage"]["spans"] if span["state"] == "recorded"]
    assert len(spans) == sum(event[2:] == ["record"] for event in events)
    (journal_file,) = (tmp_path / "store" / "recorders").iterdir()
    marks = [one.body["count"] for one in journal(journal_file) if one.kind == kinds.MARK]
    assert sum(marks) == sum(event[2:] == ["mark"] for event in events)
    assert len(marks) <= 14  # one a second at most, and what is left before STOP


def test_at_38_a_flood_of_strangers_loses_nothing(tmp_path: Path) -> None:
    """A host of another organisation asks for a session again and again while it records: counted, and refused."""
    attempts, lasted = 13, 0

    def meanwhile(recorder: Recorder, _own: Store) -> None:
        nonlocal lasted
        recorder.run_while(lambda: recorder.world.elapsed() < 20_000)
        began = recorder.now
        with make_store(tmp_path / "strange", 7) as store:
            for _ in range(attempts):
                client = Client(recorder.link, "lane", store, False, recorder.link.monotonic)
                with pytest.raises(Refused):
                    open_session(client.connection, store, client.device or b"")
        lasted = recorder.now - began
        recorder.advance(61_000)  # by then the last ones are written

    report, _began = play("quiet-shift", tmp_path, meanwhile=meanwhile)
    assert report["verdict"] == "VERIFIED"
    (folder,) = (tmp_path / "store" / "recorders").iterdir()
    told = [one.body for one in journal(folder) if one.kind == kinds.HOST and one.body["event"] == codes.HOST_REFUSED]
    assert lasted > 60_000  # and each is waited for longer
    assert 1 <= len(told) <= 2 + lasted // 60_000  # one a minute at most
    assert sum(body["count"] for body in told) >= attempts


class Tape:
    """A line on which somebody listens, and later plays to the host what he heard."""

    def __init__(self, recorder: Recorder):
        self._line = recorder.link
        self._heard: list[bytes] = []
        self.plays = False

    def read(self, seconds: float) -> bytes:
        if self.plays:
            return self._heard.pop(0) if self._heard else b""
        self._heard.append(self._line.read(seconds))
        return self._heard[-1]

    def write(self, data: bytes | memoryview) -> None:
        if not self.plays:
            self._line.write(data)

    def close(self) -> None:
        self._line.close()


def test_at_13_an_old_answer_is_refused(tmp_path: Path) -> None:
    """Challenge and head of an earlier docking: each was made for other nonces."""

    def meanwhile(recorder: Recorder, store: Store) -> None:
        tape = Tape(recorder)
        client = Client(tape, "lane", store, False, recorder.link.monotonic)
        open_session(client.connection, store, client.device or b"").close()
        tape.plays = True
        again = Client(tape, "lane", store, False, recorder.link.monotonic)
        with pytest.raises(StaleHead, match="replay"):
            open_session(again.connection, store, client.device or b"")

    report, _began = play("quiet-shift", tmp_path, meanwhile=meanwhile)
    assert report["verdict"] == "VERIFIED", report["findings"]


def test_at_32_nothing_foreign_forged_or_replayed_is_obeyed(tmp_path: Path) -> None:
    """Each is refused, and a signed entry says so; the recording goes on."""
    refusals: list[int] = []

    def meanwhile(recorder: Recorder, store: Store) -> None:
        def refused(ask: Callable[[], object]) -> None:
            with pytest.raises(Refused) as error:
                ask()
            refusals.append(error.value.code)

        recorder.run_while(lambda: recorder.world.elapsed() < 20_000)
        client = Client(recorder.link, "lane", store, False, recorder.link.monotonic)
        device, forger = client.device or b"", Forger("host")
        with make_store(tmp_path / "strange", 7) as strange:
            refused(lambda: open_session(client.connection, strange, device))
        session = open_session(client.connection, store, device)
        said = session.command(codes.OPERATION_CHECK, [], [])
        forged = forger.seal(statements.TYP_COMMAND, sign1.parse(said).payload)
        for raw in (said, forged):  # replayed; signed by another
            asked = {"command": raw, "openings": None}
            refused(lambda asked=asked: client.connection.request(messages.COMMAND, asked, 60, 1))
        receipt = bytes(32)
        purge = [1, 1, bytes(32), receipt]
        refused(lambda: session.command(codes.OPERATION_DELETE, purge, []))
        session.close()

    report, _began = play("quiet-shift", tmp_path, meanwhile=meanwhile)
    assert refusals[:3] == [messages.BAD_CERTIFICATE, messages.REPLAYED, messages.BAD_SIGNATURE]
    assert refusals[3] in (messages.BUSY, messages.OUT_OF_RANGE, messages.NO_SUCH_SEGMENT)
    assert report["verdict"] == "VERIFIED", report["findings"]
    assert ("REFUSED", 32) in [(one["code"], one["attack"]) for one in report["findings"]]
    (folder,) = (tmp_path / "store" / "recorders").iterdir()
    told = [one.body for one in journal(folder) if one.kind == kinds.HOST and one.body["event"] == codes.HOST_REFUSED]
    assert sum(body["count"] for body in told) >= 3
    assert told[0]["refusal"] == messages.BAD_CERTIFICATE


# Cards.


@pytest.mark.parametrize("attack", [one for one in ATTACKS.values() if not one.needs_store], ids=lambda one: one.name)
def test_an_attack_on_a_card(attack: Attack, shift: Shift, pictured: Pictured, tmp_path: Path, verify: Verify) -> None:
    """A card has no head and no enrolment: at best INDETERMINATE, and otherwise the same findings."""
    copy = tmp_path / "copy"
    card, device = shift.cards["one"], shift.devices["one"]
    if attack.needs_media:
        card, device = pictured.card, pictured.device
    attacks.apply(attack.name, card, copy)
    _status, report = verify(copy, trust=device)
    shutil.rmtree(copy)
    found = [(one["code"], one["attack"]) for one in report["findings"]]
    if attack.name not in ("foreign-device", "foreign-organisation"):  # on a card nothing tells who else may be there
        assert set(attack.findings) <= set(found), found
    assert VERDICTS.index(report["verdict"]) >= VERDICTS.index(attack.verdict), found


# Random damage.

# Nothing but help when something else is damaged: they say where, and the signed root speaks without them.
HARMLESS = ("leaves", "partial")


@pytest.fixture(scope="module")
def small(shift: Shift, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the store that may be damaged and mended."""
    copy = tmp_path_factory.mktemp("damaged") / "store"
    shutil.copytree(shift.store, copy)
    shutil.rmtree(copy / "recorders" / shift.devices["one"] / "leaves")  # nothing but speed is lost
    return copy


@given(data=st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_random_damage_passes(data: st.DataObject, shift: Shift, small: Path) -> None:
    """Flipped, inserted or deleted bytes anywhere below recorders/ or in custody.cbs: never VERIFIED, never a crash."""
    files = [path for path in sorted(small.rglob("*")) if path.is_file() and counts(path.relative_to(small))]
    path = data.draw(st.sampled_from(files), label="file")
    before = path.read_bytes()
    place = data.draw(st.integers(0, len(before) - 1), label="place")
    how = data.draw(st.sampled_from(["flip", "insert", "delete"]), label="how")
    if how == "flip":
        after = before[:place] + bytes([before[place] ^ 1 << data.draw(st.integers(0, 7), label="bit")])
        after += before[place + 1 :]
    elif how == "insert":
        more = data.draw(st.binary(min_size=1, max_size=80), label="bytes")
        after = before[:place] + more + before[place:]
    else:
        after = before[:place] + before[place + data.draw(st.integers(1, 400), label="count") :]
    if after == before:
        return
    try:
        path.write_bytes(after)
        report = verify_quietly(small, trust=[shift.pin])
    finally:
        path.write_bytes(before)
    # A receipt that is missing whole differs without effect: the recorder sealed it into its journal.
    if path.name == "receipts.cbs" and before.startswith(after):
        return
    assert report.verdict.exit_status != 0, [finding.text for finding in report.findings]


def counts(path: Path) -> bool:
    inside = path.parts[0] == "recorders" and path.parts[2] not in HARMLESS
    return inside or path.name == "custody.cbs"


def test_leaf_hashes_only_help(shift: Shift, tmp_path: Path, verify: Verify) -> None:
    """Damaged leaf hashes beside whole media change nothing: they are looked at only where a file differs."""
    copy = tmp_path / "copy"
    shutil.copytree(shift.store, copy)
    for path in copy.rglob("*.lvs"):
        path.write_bytes(b"x" * 33)
    assert verify(copy)[0] == 0
    segment = next(copy.rglob("*.wav"))
    segment.write_bytes(segment.read_bytes()[:-1] + b"\x00\x01")
    status, report = verify(copy)
    assert status == STATUS["ALTERED"]
    assert "LEAVES_DAMAGED" in {one["code"] for one in report["findings"]}


def digest(folder: Path) -> dict[str, str]:
    """Every file's content and mode."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() + oct(path.stat().st_mode)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def differing(one: Path, other: Path) -> list[str]:
    """Files that differ or stand on one side only."""
    found: list[str] = []

    def compare(both: filecmp.dircmp[str]) -> None:
        found.extend(both.left_only + both.right_only + both.funny_files)
        found.extend(
            name for name in both.common_files if not filecmp.cmp(f"{both.left}/{name}", f"{both.right}/{name}", False)
        )
        for below in both.subdirs.values():
            compare(below)

    compare(filecmp.dircmp(one, other))
    return found
