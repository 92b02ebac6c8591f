"""Requests and answers over a line: numbers, deadlines, retries of what may be asked twice, noise skipped.

Specification: "Frames" and "Messages". One request at a time, except media, whose ranges `pull` keeps outstanding.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple, cast

from evidock.client.transport import Line
from evidock.errors import LineLost, Misbehaving, NotARecorder, Refused, UnsupportedVersion
from evidock_protocol import cbor, fields, framing, messages, names, versions, wire
from evidock_protocol.errors import ProtocolError

HELLO_SECONDS = 0.6  # for one try; a board that is just booting gets all of them
HELLO_TRIES = 6
QUICK_SECONDS = 2.5  # what a recorder answers from memory or card
QUICK_TRIES = 4
SIGN_SECONDS = 30.0  # signing in Python on a small board takes seconds
SLICE_SECONDS = 0.03  # a recorder reads its line at least every 25 ms

Values = dict[str, object]


class Answer(NamedTuple):
    """One answer: request type and number, named fields, or the refusal instead of them."""

    kind: int
    number: int
    values: Values
    refusal: wire.Refusal | None = None


class Connection:
    """Speaks with whatever is on `line`. `monotonic` gives seconds, so that tests bring their own clock."""

    def __init__(self, line: Line, port: str, monotonic: Callable[[], float] = time.monotonic):
        self.port = port
        self.monotonic = monotonic
        self.received = 0  # bytes that arrived, noise included
        self.maximum_unread = versions.MAXIMUM_UNREAD_REQUESTS
        self._line = line
        self._reader = framing.FrameReader(framing.frame_size(versions.MAXIMUM_PAYLOAD))
        self._writer = framing.FrameWriter(versions.MAXIMUM_PAYLOAD)
        self._payloads: list[bytes] = []
        self._number = 0

    @property
    def noise(self) -> int:
        """Bytes that arrived and were no part of a whole frame."""
        return self._reader.skipped_bytes

    def hello(self) -> Values:
        """The recorder's HELLO. Raises NotARecorder within a few seconds, UnsupportedVersion for another version."""
        own: Values = {
            "package": list(versions.ACCEPTED_PACKAGE_FORMATS),
            "wire": list(versions.ACCEPTED_WIRE_FORMATS),
            "flash": list(versions.ACCEPTED_FLASH_FORMATS),
            "software": versions.SOFTWARE,
        }
        numbers: list[object] = []
        for _ in range(HELLO_TRIES):
            numbers.append(self.send(messages.HELLO, own))
            deadline = self.monotonic() + HELLO_SECONDS
            while (payload := self._payload(deadline)) is not None:
                theirs = self._hello_answer(payload, numbers)
                if theirs is not None:
                    self.maximum_unread = min(self.maximum_unread, max(64, _uint(theirs["maximum_unread"])))
                    return theirs
        raise NotARecorder("silent" if not self.received else "not_a_recorder", port=self.port)

    def request(self, kind: int, values: Values, seconds: float = QUICK_SECONDS, tries: int = QUICK_TRIES) -> Values:
        """The answer's fields. `tries` above 1 only for what may be asked twice. Raises Refused, LineLost."""
        numbers: list[int] = []
        for _ in range(tries):
            numbers.append(self.send(kind, values))
            deadline = self.monotonic() + seconds
            while (answer := self.receive(deadline)) is not None:
                if answer.number not in numbers:
                    continue  # a late answer to an earlier question
                if answer.refusal is not None:
                    raise self.refused(answer.refusal)
                if answer.kind == kind:
                    return answer.values
        raise LineLost("no_answer", port=self.port)

    def send(self, kind: int, values: Values) -> int:
        """Sends one request and returns its number, without waiting for the answer."""
        self._number += 1
        # A leading zero ends whatever half frame the recorder has collected.
        frame = self._writer.encode(wire.request(kind, self._number, values), lead=True)
        for start in range(0, len(frame), self.maximum_unread):
            if start:
                # A plain UART holds no more than this unread, and nothing tells when it was read.
                self._collect(self.monotonic() + SLICE_SECONDS, whole=True)
            self._line.write(frame[start : start + self.maximum_unread])
        return self._number

    def request_size(self, kind: int, values: Values) -> int:
        """Bytes that the next such request takes on the line, at most."""
        return framing.frame_size(len(wire.request(kind, self._number + 1, values))) + 1

    def receive(self, deadline: float) -> Answer | None:
        """The next answer or refusal, or None at `deadline` (monotonic seconds). What is neither is skipped."""
        while (payload := self._payload(deadline)) is not None:
            try:
                return Answer(*wire.parse_answer(payload))
            except wire.Refusal as refusal:
                return Answer(messages.REFUSAL, _uint(getattr(refusal, "number", 0)), {}, refusal)
            except ProtocolError:
                continue
        return None

    def refused(self, refusal: wire.Refusal) -> Refused:
        """The error for a refusal that nothing can be done about here."""
        name = dict(names.REFUSALS).get(refusal.code, "unknown")
        text = "".join(character if character.isprintable() else " " for character in refusal.text)[:120]
        return Refused("refused_" + name if name != "unknown" else "refused", refusal.code, name=name, reason=text)

    def close(self) -> None:
        """Lets go of the line."""
        self._line.close()

    def _payload(self, deadline: float) -> bytes | None:
        while not self._payloads:
            if not self._collect(deadline):
                return None
        return self._payloads.pop(0)

    def _collect(self, deadline: float, whole: bool = False) -> bool:
        """Takes in what arrives until `deadline`, or until something did (`whole`: the whole time)."""
        while (left := deadline - self.monotonic()) > 0:
            data = self._line.read(left)
            if data:
                self.received += len(data)
                self._payloads += self._reader.feed(data)
                if not whole:
                    return True
        return False

    def _hello_answer(self, payload: bytes, numbers: list[object]) -> Values | None:
        """The fields of HELLO's answer, or None for anything else; looks at the versions before the rest."""
        try:
            decoded = cbor.decode(payload)
        except ProtocolError:
            return None
        item: list[object] = list(decoded) if isinstance(decoded, list) else []
        if len(item) < 4 or item[1] not in numbers:
            return None
        if item[0] == messages.REFUSAL:
            if item[2] == messages.UNSUPPORTED_VERSION:
                raise UnsupportedVersion("version_refused", port=self.port, software=versions.SOFTWARE)
            return None
        if item[0] != messages.HELLO + messages.ANSWER or len(item) < 6:
            return None
        self._check_versions(item)
        try:
            return wire.parse_answer(payload)[2]
        except (ProtocolError, wire.Refusal):
            raise Misbehaving("bad_hello", port=self.port) from None

    def _check_versions(self, item: list[object]) -> None:
        """Raises UnsupportedVersion unless package and wire formats have one in common; flash is the card reader's."""
        own = (versions.ACCEPTED_PACKAGE_FORMATS, versions.ACCEPTED_WIRE_FORMATS)
        for name, accepted, theirs in zip(("package", "wire"), own, item[2:4], strict=True):
            try:
                fields.check(name, "a:u", theirs)
            except ProtocolError:
                raise Misbehaving("bad_hello", port=self.port) from None
            if not set(accepted) & set(cast(list[int], theirs)):
                software = item[5] if isinstance(item[5], str) and item[5].isprintable() else "?"
                shown = cast(list[int], theirs)[:8]
                raise UnsupportedVersion(
                    "version", name=name, theirs=shown, own=list(accepted), software=software, host=versions.SOFTWARE
                )


def _uint(value: object) -> int:
    return value if isinstance(value, int) else 0
