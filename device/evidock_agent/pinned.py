"""The organisation key's stored table: what makes checking a host's certificate as cheap as two signatures.

Specification: "Internal flash" (Identity). Provisioning wrote it. Read only while a certificate is checked. Without a
table that is whole and this key's, the key is verified as any other.
"""

from evidock_agent.crypto.comb import Comb
from evidock_protocol import flash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports


def load(region: "ports.Flash", public: bytes) -> Comb | None:
    """The comb of `public` from the identity sector, 3 KB; None when it is not there, damaged or another key's."""
    head = bytearray(flash.RECORD_HEAD)
    region.read_into(flash.HEAD, memoryview(head))
    at = flash.HEAD + flash.record_span(flash.parse_record_head(head)[1])  # behind GENESIS
    if at + flash.record_span(flash.KEY_TABLE) > flash.SECTOR:
        return None
    region.read_into(at, memoryview(head))
    if flash.parse_record_head(head)[:2] != (flash.RECORD_KEY_TABLE, flash.KEY_TABLE):
        return None
    try:
        data = memoryview(bytearray(flash.KEY_TABLE))
    except MemoryError:
        return None
    region.read_into(at + flash.RECORD_HEAD, data)
    if not flash.record_is_whole(head, data) or data[:32] != public:
        return None
    return Comb(data[32:], flash.KEY_TABLE_TEETH, flash.KEY_TABLE_BLOCKS)
