"""Provisioning: the key is born, GENESIS is signed, the recorder belongs to an organisation from then on.

Specification: "Provisioning: the order of durable steps". Loaded on demand: it happens once in a recorder's life, and
again only when the organisation has ordered RESET.
"""

from evidock_agent import leaving, moment, rings, session, signer
from evidock_agent.crypto import comb_build
from evidock_agent.journal import Journal
from evidock_agent.tallies import Backlog
from evidock_protocol import codes, entry, flash, kinds, messages, sign1
from evidock_protocol.wire import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports
    from evidock_agent.agent import Agent


def provision(agent: "Agent", values: dict):
    """Generator: makes this blank recorder, or one that was reset, a member of the organisation; returns GENESIS's
    bytes. Raises Refusal.

    A cut before the identity sector is written leaves a blank recorder, which is provisioned anew.
    """
    board = agent.board
    again = agent.provisioned
    if again:
        if not agent.journal.trusted.is_reset:
            raise Refusal(messages.ALREADY_PROVISIONED, "this recorder is provisioned")
        if agent.has_others():
            raise Refusal(messages.BUSY, "the recorder has other work")  # which may begin a recording
    anew = again or _is_wiped(board.identity_flash)
    if not anew and _holds_journal(agent):
        raise Refusal(messages.ALREADY_PROVISIONED, "the journal holds entries: only the identity is damaged")
    if values["time"] is not None and not moment.is_plausible(values["time"]):
        raise Refusal(messages.OUT_OF_RANGE, "time out of range")
    if board.random.source == codes.RANDOM_NONE:
        raise Refusal(messages.NO_RANDOM_SOURCE, "no hardware random source: a key born here could be guessed")
    host = yield from session.check_certificate(values["certificate"], values["organisation"], codes.ROLE_ISSUE)
    if again:
        yield from leaving.check(agent)
        # Asked again: a button may have been pressed meanwhile. From here to `_forget` nothing else runs.
        if agent.has_others() or agent.recorder.active or not agent.journal.trusted.is_reset:
            raise Refusal(messages.BUSY, "the recorder has other work")
        _forget(agent)
    if values["time"] is not None:
        agent.moments.set_from_host(values["time"])
    agent.keys.wipe_all_but(-1)  # before an erase that power may tear
    if anew:
        board.save_settings(b"")  # what was ordered before is in no entry of the new journal
    for region in (board.key_flash, board.journal_flash, board.anchor_flash, board.identity_flash):
        for sector in range(region.sectors):
            if not _is_blank(region, sector):
                region.erase(sector)
                yield
    agent.open_rings()
    journal: Journal = agent.journal
    seed = signer.new_seed(board.random)
    yield from journal.begin(seed)
    body = {
        "public_key": journal.signer.public,
        "model": board.model,
        "serial": values["serial"],
        "asset": values["asset"],
        "organisation": values["organisation"],
        "successor": values["successor"],
        "protection": board.protection,
        "random_source": board.random.source,
        "firmware": board.firmware,
        "host": host["host"],
    }
    yield from journal.append(kinds.GENESIS, body)
    genesis = journal.raw(0)
    end = _write_record(board.identity_flash, flash.HEAD, flash.RECORD_ENTRY, genesis)
    yield
    yield from _write_key_table(board.identity_flash, end, values["organisation"])
    # The head is last: with it the recorder is provisioned.
    rings.program(board.identity_flash, 0, flash.encode_head(flash.MAGIC_IDENTITY, 0))
    board.display(sign1.short_fingerprint(journal.device))
    agent.adopt(entry.parse(genesis))
    return genesis


def _forget(agent: "Agent") -> None:
    """From here on nothing counts of what the recorder was, also after a cut."""
    rings.program(agent.board.identity_flash, 0, bytes(flash.HEAD))
    agent.ready = agent.is_up = agent.provisioned = agent.journal_full = False
    agent.failed = agent.last_check = None
    agent.exempt = agent.recorder.number = 0
    agent.public_keys = []
    agent.backlog = Backlog()
    agent.interruptions.officer_ended()


def _write_record(region: "ports.Flash", at: int, kind: int, data: bytes) -> int:
    """Programs a record and returns where the next one begins."""
    rings.program(region, at, flash.encode_record_head(kind, data))
    rings.program(region, at + flash.RECORD_HEAD, data)
    return at + flash.record_span(len(data))


def _write_key_table(region: "ports.Flash", at: int, public: bytes):
    """Generator: stores the organisation key's table; without one the key is verified as any other.

    There is none for some keys, nor where memory is too tight to make one.
    """
    try:
        table = yield from comb_build.key_table_steps(public, flash.KEY_TABLE_TEETH, flash.KEY_TABLE_BLOCKS)
    except MemoryError:
        return
    if table is not None:
        _write_record(region, at, flash.RECORD_KEY_TABLE, public + table)


def _holds_journal(agent: "Agent") -> bool:
    """Whether the ring has more than GENESIS, which is all that an unfinished provisioning leaves behind."""
    entries = 0
    for _address, kind, _data in agent.journal.ring.scan():
        if kind == flash.RECORD_ENTRY:
            entries += 1
            if entries > 1:
                return True
    return False


def _is_wiped(region: "ports.Flash") -> bool:
    """Whether provisioning anew has begun, and power went before it was through."""
    head = bytearray(flash.HEAD)
    region.read_into(0, memoryview(head))
    return not any(head)


def _is_blank(region, sector: int) -> bool:
    page = bytearray(flash.PAGE)
    for offset in range(sector * flash.SECTOR, (sector + 1) * flash.SECTOR, flash.PAGE):
        region.read_into(offset, memoryview(page))
        if page != b"\xff" * flash.PAGE:
            return False
    return True
