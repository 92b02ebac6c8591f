"""A time-stamping authority (RFC 3161) for tests: keys and answers by the openssl command, and a web server."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import pytest

needs_time = pytest.mark.skipif(
    find_spec("rfc3161_client") is None, reason="rfc3161-client, the optional part [time], is not installed"
)
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl command")

_CONFIGURATION = """
[req]
distinguished_name = name
prompt = no
[name]
CN = {name} root
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
[stamps]
extendedKeyUsage = critical, timeStamping
keyUsage = critical, digitalSignature
[codesigning]
extendedKeyUsage = critical, codeSigning
[ca]
default_ca = here
[here]
database = index
new_certs_dir = .
serial = ca_serial
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
organizationName = optional
[tsa]
default_tsa = clerk
[clerk]
serial = serial
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256, sha512
accuracy = secs:{accuracy}
clock_precision_digits = 3
certs = chain.pem
ess_cert_id_alg = sha256
crypto_device = builtin
"""
FOREVER = ("20200101000000Z", "20991231235959Z")
EXPIRED = ("20200101000000Z", "20210101000000Z")


class Authority:
    """One authority below `folder`, which is made: `roots` is what a verifier is given."""

    def __init__(
        self,
        folder: Path,
        name: str = "Clocktower",
        life: tuple[str, str] = FOREVER,
        accuracy: int = 1,
        through: str | None = None,
    ):
        """`life` is its certificate's, `accuracy` in seconds; `through` names an authority between it and the root."""
        self.folder = folder
        self.name = name
        folder.mkdir()
        (folder / "index").touch()
        (folder / "serial").write_text("01\n")
        (folder / "ca_serial").write_text("01\n")
        (folder / "configuration").write_text(_CONFIGURATION.format(name=name, accuracy=accuracy))
        self.roots = folder / "root.pem"
        key = ("-newkey", "rsa:2048", "-nodes", "-config", "configuration")
        self._run(
            "req", "-x509", *key, "-keyout", "root.key", "-out", "root.pem", "-days", "36500", "-extensions", "root"
        )
        self._run("req", "-new", *key, "-keyout", "stamp.key", "-out", "stamp.csr", "-subj", f"/CN={name}/O=City")
        issuer = "root"
        if through is not None:
            issuer = "between"
            self._run("req", "-new", *key, "-keyout", "between.key", "-out", "between.csr", "-subj", f"/CN={through}")
            self._certify("between", "root", FOREVER, "root")
        self._certify("stamp", issuer, life, "stamps")
        (folder / "chain.pem").write_bytes((folder / f"{issuer}.pem").read_bytes())

    def answer(self, query: bytes) -> bytes:
        """The TimeStampResp to a query."""
        (self.folder / "query").write_bytes(query)
        reply = ("ts", "-reply", "-config", "configuration", "-section", "clerk", "-queryfile", "query")
        self._run(*reply, "-signer", "stamp.pem", "-inkey", "stamp.key", "-out", "answer")
        return (self.folder / "answer").read_bytes()

    def stamp(self, stamped: bytes, *options: str) -> bytes:
        """The token over a digest of `stamped`."""
        (self.folder / "stamped").write_bytes(stamped)
        asked = self._run("ts", "-query", "-data", "stamped", *(options or ("-sha256",)), "-cert", "-no_nonce")
        self.answer(asked)
        return self._run("ts", "-reply", "-config", "configuration", "-in", "answer", "-token_out")

    def misuse(self, token: bytes) -> bytes:
        """The same statement, signed by a key that the authority's root certified for something else."""
        (self.folder / "info").write_bytes(_info_of(token))
        key = ("-newkey", "rsa:2048", "-nodes", "-config", "configuration", "-keyout", "other.key")
        self._run("req", "-new", *key, "-out", "other.csr", "-subj", f"/CN={self.name} programs")
        self._certify("other", "root", FOREVER, "codesigning")
        sign = (
            "cms",
            "-sign",
            "-binary",
            "-nodetach",
            "-outform",
            "DER",
            "-econtent_type",
            "1.2.840.113549.1.9.16.1.4",
        )
        return self._run(*sign, "-in", "info", "-signer", "other.pem", "-inkey", "other.key")

    def _certify(self, name: str, issuer: str, life: tuple[str, str], extensions: str) -> None:
        self._run(
            *("ca", "-batch", "-notext", "-config", "configuration"),
            *("-cert", f"{issuer}.pem", "-keyfile", f"{issuer}.key", "-in", f"{name}.csr", "-out", f"{name}.pem"),
            *("-startdate", life[0], "-enddate", life[1], "-extfile", "configuration", "-extensions", extensions),
        )

    def _run(self, *arguments: str) -> bytes:
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout


def _info_of(token: bytes) -> bytes:
    """TSTInfo: the first value behind the name of its type, in an explicit tag and an OCTET STRING, all short."""
    at = token.index(bytes.fromhex("060b2a864886f70d0109100104")) + 13
    assert (token[at], token[at + 2]) == (0xA0, 0x04)
    return token[at + 4 : at + 4 + token[at + 3]]


Behaviour = Callable[[BaseHTTPRequestHandler, bytes], None]


def send(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200) -> None:
    """An ordinary answer."""
    handler.send_response(status)
    handler.send_header("Content-Type", "application/timestamp-reply")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def serving(behave: Behaviour) -> Generator[str]:
    """The URL of a server on this machine that gives every POST to `behave`, and ends with the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            try:
                behave(self, self.rfile.read(length))
            except OSError:
                self.close_connection = True  # whoever asked did not wait

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/tsr"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
