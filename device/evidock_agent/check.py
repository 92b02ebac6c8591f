"""The pre-use check: function, battery, storage, picture, sound and clock, each tried for real (OB-15).

Specification: "Entry kinds" (CHECK), "Settings". Loaded on demand. A source that does not record is started, heard or
seen for a moment, and released; one that records is proof enough and is not touched.
"""

from array import array

from evidock_agent import telemetry
from evidock_agent.journal import RESERVE
from evidock_protocol import codes, kinds, settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports
    from evidock_agent.agent import Agent

SOUND_MS = 300  # of sound that are heard
QUIET_MS = 1000  # when nothing was loud enough: a pause between two words is no dead microphone
PICTURE_MS = 500  # in which a picture should come; two pictures' time for a slow camera
SLOWEST_PICTURE_MS = 2500
PATIENCE_MS = 5000  # for all tries of one source, should other work interrupt them
_PART = 1024  # bytes read at once


def run(agent: "Agent", trigger: int):
    """Generator: tries everything, writes CHECK and keeps its items in `agent.last_check`; returns its sequence.

    It yields True while it waits for a source, so that a press, or whatever else is asked for, goes before it.
    """
    board = agent.board
    now = telemetry.read(agent)
    wall = agent.moments.wall()
    journal = agent.journal
    works = journal.has_key and not agent.journal_full and journal.ring.room() >= RESERVE
    items = [
        [codes.CHECK_FUNCTION, codes.CHECK_PASSED if works else codes.CHECK_FAILED, -1],
        _judge(codes.CHECK_BATTERY, now["battery"], agent.setting(settings.CHECK_BATTERY)),
        _judge(codes.CHECK_STORAGE, now["storage_free"] or 0, agent.setting(settings.CHECK_STORAGE)),
    ]
    probe = _Picture(board.camera, agent) if board.camera is not None else None
    item = yield from _try(agent, codes.CHECK_PICTURE, codes.TRACK_PICTURE, probe, settings.CHECK_PICTURE)
    items.append(item)
    probe = _Sound(board.capture, agent.setting(settings.CHECK_SOUND)) if board.capture is not None else None
    item = yield from _try(agent, codes.CHECK_SOUND, codes.TRACK_SOUND, probe, settings.CHECK_SOUND)
    items.append(item)
    is_set = wall[0] >= agent.setting(settings.CHECK_CLOCK)
    value = wall[1] // 1000 if wall[0] != codes.WALL_UNSET else -1
    items.append([codes.CHECK_CLOCK, codes.CHECK_PASSED if is_set else codes.CHECK_FAILED, value])
    sequence = yield from journal.append(kinds.CHECK, {"items": items, "trigger": trigger}, spare=True)
    agent.last_check = items
    return sequence


class _Picture:
    """One JPEG of a camera."""

    def __init__(self, camera: "ports.Camera", agent: "Agent"):
        self.source = camera
        self._agent = agent
        self.milliseconds = min(max(PICTURE_MS, 2000 // max(camera.rate, 1)), SLOWEST_PICTURE_MS)
        self.value = 0  # bytes of the picture that came whole
        self._length = self._got = 0
        self._head = b""

    def is_coming(self) -> bool:
        """Whether a picture came in time, and its bytes are still being read: a busy recorder reads them slowly."""
        return self._got < self._length

    def begin(self) -> None:
        """Nothing came yet."""
        self._length = self._got = 0

    def step(self) -> bool:
        """Reads a part; whether enough is known."""
        if self._got == self._length:
            self._got = 0
            self._length = self.source.next()
            if not self._length:
                return False
        part = self._agent.scratch[: min(_PART, self._length - self._got)]
        count = self.source.readinto(part)
        if not self._got:
            self._head = bytes(part[:2])
        self._got += max(min(count, len(part)), 0)
        if self._got == self._length and self._head == b"\xff\xd8":
            self.value = self._length
        return self.value > 0


class _Sound:
    """The loudest sample of a moment."""

    def __init__(self, capture: "ports.Capture", least: int):
        """`least`: the peak that passes."""
        self.source = capture
        self.milliseconds = QUIET_MS
        self.value = 0  # peak, 0 … 32767
        self._least = least
        self._bytes = capture.rate * capture.channels * 2 * SOUND_MS // 1000  # that are heard in any case
        self._block = memoryview(bytearray(_PART))

    def begin(self) -> None:
        """Nothing is left over from a try before."""

    def is_coming(self) -> bool:
        """What is heard is over with the time."""
        return False

    def step(self) -> bool:
        """Hears a block; it is enough when it was loud enough for a while."""
        count = self.source.readinto(self._block)
        self._bytes -= max(count, 0)
        samples = array("h", bytes(self._block[: max(min(count, _PART), 0) & ~1]))
        if len(samples):
            self.value = max(self.value, min(max(max(samples), -min(samples)), 32767))
        return self._bytes <= 0 and self.value >= self._least


def _try(agent: "Agent", item: int, track: int, probe: "_Picture | _Sound | None", setting: int):
    """Generator: the row of one item that has a source, or an encoder's, or none."""
    encoder = agent.board.encoder
    if _records(agent, track):
        return [item, codes.CHECK_PASSED, -1]
    if probe is None:
        if encoder is None or not encoder.tracks & track:
            return [item, codes.CHECK_ABSENT, -1]
        try:  # it writes files of its own, and nothing else of it can be seen
            return [item, codes.CHECK_PASSED if encoder.rate >= 0 else codes.CHECK_FAILED, -1]
        except OSError:
            return [item, codes.CHECK_FAILED, -1]
    since = agent.moments.now()
    while agent.moments.now() - since < PATIENCE_MS:
        if agent.recorder.capturing:
            passed = _records(agent, track)
            return [item, codes.CHECK_PASSED if passed else codes.CHECK_FAILED, -1]
        is_tried = yield from _probe(agent, probe)
        if is_tried:
            return _judge(item, probe.value, agent.setting(setting))
        yield True
    return [item, codes.CHECK_FAILED, -1]


def _probe(agent: "Agent", probe: "_Picture | _Sound"):
    """Generator: one try; False when other work came between, for which the source was released at once."""
    is_ours = True
    try:
        probe.source.start()
        probe.begin()
        began = agent.moments.now()
        while True:
            passed = agent.moments.now() - began  # before the look: what came meanwhile, however long that was, counts
            if probe.step() or passed >= (PATIENCE_MS if probe.is_coming() else probe.milliseconds):
                break
            if len(agent._jobs) > 1:  # a START may be among them
                return False
            yield True
            if agent.recorder.capturing:
                is_ours = False
                return False
    except OSError:
        return True
    finally:
        if is_ours:
            _release(probe.source)
    return True


def _release(source: "ports.Camera | ports.Capture") -> None:
    try:
        source.stop()
    except OSError:  # it is done either way
        return


def _records(agent: "Agent", track: int) -> bool:
    """Whether a track of this kind is recorded now."""
    if not agent.recorder.capturing:
        return False
    return any(found.bits & track and found.segment is not None for found in agent.recorder.tracks)


def _judge(item: int, value: int | None, least: int) -> list[int]:
    if value is None:
        return [item, codes.CHECK_ABSENT, -1]
    return [item, codes.CHECK_PASSED if value >= least else codes.CHECK_FAILED, value]
