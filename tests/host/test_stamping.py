"""Having a store's newest heads stamped: over HTTP against a hostile world, by files, and what is kept of it."""

import hashlib
import json
import time
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from support.docks import attach, dock, enrol, make_store
from support.recorder import ScriptedRecorder
from support.time_authority import EXPIRED, Authority, needs_openssl, needs_time, send, serving

from evidock import layout, stamping, timestamps
from evidock.cli.main import run
from evidock.errors import EvidockError, StoreError, WrongUsage
from evidock.provisioning import provision
from evidock.store import Store
from evidock.timestamps import BadStamp, Roots

pytestmark = [needs_time, needs_openssl]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("time") / "authority")


@pytest.fixture(scope="module")
def roots(authority: Authority) -> Roots:
    return timestamps.read_roots(authority.roots)


@pytest.fixture
def recorder() -> ScriptedRecorder:
    return ScriptedRecorder()


@pytest.fixture
def store(tmp_path: Path, recorder: ScriptedRecorder) -> Generator[Store]:
    with make_store(tmp_path / "store") as made:
        enrol(recorder, made)
        recorder.shift(1, 1, 100)
        dock(recorder, made)
        yield made


@pytest.fixture
def device(recorder: ScriptedRecorder, store: Store) -> bytes:
    assert recorder.device is not None
    return recorder.device


def files(store: Store, device: bytes) -> list[Path]:
    return sorted((store.archive(device).folder / layout.STAMPS).glob("*"))


def ask(store: Store, device: bytes, url: str, roots: Roots | None = None, patience: float = 10.0) -> str:
    """The key of the error that stamping ends with; nothing may be kept of it."""
    size = store.custody.size
    with pytest.raises(EvidockError) as caught:
        stamping.stamp(store, device, url, roots, patience)
    assert files(store, device) == []
    assert store.custody.size == size
    assert str(caught.value).isprintable()
    return caught.value.key


def test_a_stamp_is_kept_and_named_in_custody(store: Store, device: bytes, authority: Authority, roots: Roots) -> None:
    seen: list[str] = []

    def answer(handler: BaseHTTPRequestHandler, query: bytes) -> None:
        seen.append(handler.headers["Content-Type"])
        send(handler, authority.answer(query))

    with serving(answer) as url:
        done = stamping.stamp(store, device, url, roots)
        assert done.fresh
        assert done.checked
        again = stamping.stamp(store, device, url, roots)
    assert seen == ["application/timestamp-query"]  # a head that has its stamp needs no other
    assert again == done._replace(fresh=False)
    head = store.archive(device).heads[-1]
    assert (done.size, done.head) == (head.size, head.hash.hex())
    assert done.size == store.archive(device).chain.size
    (path,) = files(store, device)
    assert path == store.archive(device).folder / layout.stamp(head.hash)
    assert timestamps.check(path.read_bytes(), roots).imprint == hashlib.sha256(head.raw).digest()
    assert store.custody.stamps == {head.hash: hashlib.sha256(path.read_bytes()).digest()}
    folder = store.folder
    store.close()
    with Store(folder, store.now_ms) as opened:  # the chain holds
        assert opened.custody.stamps == {head.hash: hashlib.sha256(path.read_bytes()).digest()}


def test_openssl_itself_verifies_what_is_kept(store: Store, device: bytes, authority: Authority) -> None:
    with serving(lambda handler, query: send(handler, authority.answer(query))) as url:
        done = stamping.stamp(store, device, url, None)
    assert not done.checked
    (authority.folder / "kept").write_bytes(files(store, device)[0].read_bytes())
    verify = ("ts", "-verify", "-token_in", "-in", "kept", "-digest", done.head, "-CAfile", "root.pem")
    authority._run(*verify)  # pyright: ignore[reportPrivateUsage]  # it fails unless openssl is content


def test_a_stamp_by_files(store: Store, device: bytes, authority: Authority, roots: Roots, tmp_path: Path) -> None:
    head = stamping.write_query(store, device, tmp_path / "head.tsq")
    (tmp_path / "head.tsr").write_bytes(authority.answer((tmp_path / "head.tsq").read_bytes()))
    done = stamping.take_response(store, [device], tmp_path / "head.tsr", roots)
    assert (done.fresh, done.head) == (True, head.hash.hex())
    assert not stamping.take_response(store, [device], tmp_path / "head.tsr", roots).fresh


def test_an_answer_may_come_after_the_next_docking(
    store: Store, recorder: ScriptedRecorder, device: bytes, authority: Authority, tmp_path: Path
) -> None:
    head = stamping.write_query(store, device, tmp_path / "head.tsq")
    recorder.shift(1, 1, 100)
    dock(recorder, store)
    (tmp_path / "head.tsr").write_bytes(authority.answer((tmp_path / "head.tsq").read_bytes()))
    assert stamping.take_response(store, [device], tmp_path / "head.tsr", None).head == head.hash.hex()
    assert stamping.newest_head(store.archive(device)).size > head.size


def test_an_answer_for_something_else(store: Store, device: bytes, authority: Authority, tmp_path: Path) -> None:
    answer = tmp_path / "head.tsr"
    answer.write_bytes(authority.answer(timestamps.query(b"another store's head").raw))
    with pytest.raises(BadStamp, match="another hash"):
        stamping.take_response(store, [device], answer, None)
    answer.write_bytes(b"garbage")
    with pytest.raises(BadStamp, match="no time stamp"):
        stamping.take_response(store, [device], answer, None)
    with pytest.raises(StoreError):
        stamping.take_response(store, [device], tmp_path / "absent", None)
    assert files(store, device) == []


def test_a_recorder_without_a_head(tmp_path: Path) -> None:
    with make_store(tmp_path / "s") as made, pytest.raises(StoreError, match="no head"):
        stamping.newest_head(made.archive(bytes(32)))


def test_recorders_that_never_docked_are_passed_over(
    store: Store, device: bytes, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    other = ScriptedRecorder(seed=2)
    provision(attach(other, store), store, "418", "BC-2")
    folder = store.folder
    store.close()
    assert other.device is not None
    with serving(lambda handler, query: send(handler, authority.answer(query))) as url:
        assert run(["stamp", str(folder), "--authority", url, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert [one["device"] for one in told["stamps"]] == [device.hex()]
        assert run(["stamp", str(folder), "--authority", url, "--device", other.device.hex()]) == 1
        assert "sync it first" in capsys.readouterr().err


def test_a_damaged_or_foreign_stamp_is_replaced(
    store: Store, device: bytes, authority: Authority, roots: Roots, tmp_path: Path
) -> None:
    other = Authority(tmp_path / "other", "Sundial")
    with serving(lambda handler, query: send(handler, other.answer(query))) as url:
        assert stamping.stamp(store, device, url, None).authority.endswith("Sundial")
    with serving(lambda handler, query: send(handler, authority.answer(query))) as url:
        assert stamping.stamp(store, device, url, roots).fresh  # the first one does not lead to these roots
        path = files(store, device)[0]
        path.write_bytes(path.read_bytes()[:-1])
        assert stamping.stamp(store, device, url, None).fresh
    assert timestamps.check(path.read_bytes(), roots)
    assert set(store.custody.stamps.values()) == {timestamps.digest(path.read_bytes())}


def test_what_an_interrupted_run_left_is_named_by_the_next(store: Store, device: bytes, authority: Authority) -> None:
    head = stamping.newest_head(store.archive(device))
    path = store.archive(device).folder / layout.stamp(head.hash)
    path.parent.mkdir()
    path.write_bytes(authority.stamp(head.raw))
    assert not stamping.stamp(store, device, "http://127.0.0.1:1/", None).fresh
    assert store.custody.stamps == {head.hash: timestamps.digest(path.read_bytes())}


def test_an_answer_to_another_query(store: Store, device: bytes, authority: Authority) -> None:
    def replay(handler: BaseHTTPRequestHandler, _query: bytes) -> None:
        head = stamping.newest_head(store.archive(device))
        send(handler, authority.answer(timestamps.query(head.raw).raw))

    with serving(replay) as url:
        assert ask(store, device, url) == "stamp_nonce"


def test_an_answer_over_another_hash(store: Store, device: bytes, authority: Authority) -> None:
    def swap(handler: BaseHTTPRequestHandler, query: bytes) -> None:
        ours = stamping.newest_head(store.archive(device)).hash
        send(handler, authority.answer(query.replace(ours, bytes(32))))

    with serving(swap) as url:
        assert ask(store, device, url) == "stamp_other_head"


def test_an_authority_whose_certificate_had_ended(store: Store, device: bytes, tmp_path: Path) -> None:
    late = Authority(tmp_path / "late", life=EXPIRED)
    with serving(lambda handler, query: send(handler, late.answer(query))) as url:
        assert ask(store, device, url, timestamps.read_roots(late.roots)) == "stamp_untrusted"


def test_a_rejection(store: Store, device: bytes, authority: Authority) -> None:
    with serving(lambda handler, query: send(handler, authority.answer(b"no query"))) as url:
        assert ask(store, device, url) == "stamp_refused"


@pytest.mark.parametrize(
    ("body", "status", "key"),
    [
        (b"garbage", 200, "stamp_malformed"),
        (b"", 200, "stamp_malformed"),
        (b"\x30" * 10_000_000, 200, "stamp_long"),
        (b"", 404, "stamp_status"),
        (b"busy", 503, "stamp_status"),
        (b"", 204, "stamp_malformed"),
    ],
)
def test_answers_that_are_no_stamp(store: Store, device: bytes, body: bytes, status: int, key: str) -> None:
    with serving(lambda handler, _query: send(handler, body, status)) as url:
        assert ask(store, device, url) == key


@pytest.mark.parametrize(("target", "status"), [("file:///etc/passwd", 302), ("/elsewhere", 307), ("/elsewhere", 308)])
def test_no_redirection_is_followed(store: Store, device: bytes, target: str, status: int) -> None:
    asked: list[str] = []

    def elsewhere(handler: BaseHTTPRequestHandler, _query: bytes) -> None:
        asked.append(handler.path)
        handler.send_response(status)
        handler.send_header("Location", target)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with serving(elsewhere) as url:
        assert ask(store, device, url) == "stamp_status"
    assert asked == ["/tsr"]


@pytest.mark.parametrize("where", ["silence", "headers", "body"])
def test_a_trickle_ends_in_time(store: Store, device: bytes, where: str) -> None:
    def trickle(handler: BaseHTTPRequestHandler, _query: bytes) -> None:
        if where == "body":
            handler.send_response(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
        elif where == "headers":
            handler.wfile.write(b"HTTP/1.0 200 OK\r\nX-Slow: ")
        for _ in range(80):  # a byte at a time never lets a socket's own limit pass
            time.sleep(0.05)
            if where != "silence":
                handler.wfile.write(b"a")

    with serving(trickle) as url:
        begun = time.monotonic()
        assert ask(store, device, url, patience=0.5) in ("stamp_slow", "stamp_unreachable")
        assert time.monotonic() - begun < 2.5


def test_an_answer_that_breaks_off(store: Store, device: bytes) -> None:
    def cut(handler: BaseHTTPRequestHandler, _query: bytes) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"\x30")
        handler.close_connection = True

    with serving(cut) as url:
        assert ask(store, device, url) in ("stamp_unreachable", "stamp_malformed")


def test_nobody_answers(store: Store, device: bytes) -> None:
    with serving(lambda handler, query: None) as url:
        gone = url
    assert ask(store, device, gone) == "stamp_unreachable"


@pytest.mark.parametrize(
    "url",
    ["", "freetsa.org/tsr", "file:///etc/passwd", "ftp://host/x", "http://", "http://[::1", "http://host:port/",
     "http://host/a b", "http://host/\r\nX: y", "data:text/plain,x"],
)  # fmt: skip
def test_what_is_no_address_is_not_asked(store: Store, device: bytes, url: str) -> None:
    with pytest.raises(WrongUsage):
        stamping.stamp(store, device, url, None)


def test_a_password_in_an_address_is_not_shown(store: Store, device: bytes) -> None:
    with serving(lambda handler, _query: send(handler, b"", 500)) as url:
        with pytest.raises(EvidockError) as caught:
            stamping.stamp(store, device, url.replace("http://", "http://me:s3cret@"), None)
        assert "s3cret" not in str(caught.value) + repr(caught.value.values)
