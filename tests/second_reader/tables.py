"""The tables of the specification, copied from its text: `number name: fields`, long ones over more lines."""

from .fields import Field, table


def tables(text: str) -> dict[int, tuple[str, tuple[Field, ...]]]:
    """Name and field table by number."""
    found: dict[int, tuple[str, tuple[Field, ...]]] = {}
    for line in text.strip().replace(",\n    ", ", ").splitlines():
        title, _, fields = line.partition(":")
        number, name = title.split()
        found[int(number)] = (name, table(fields.strip()))
    return found


# "Entry payload"
PAYLOAD = table(
    "0 format u, 1 suite u, 2 device h, 3 epoch u, 4 sequence u, 5 previous h, 6 kind u, 7 boot u, 8 ticks u, "
    "9 wall w, 10 body m"
)

# "Entry kinds"
ENTRY_KINDS = tables("""
1 GENESIS: 0 public_key h, 1 model t, 2 serial t, 3 asset t, 4 organisation h, 5 successor h, 6 protection u,
    7 random_source u, 8 firmware h, 9 host h
2 EPOCH: 0 public_key h, 1 size u, 2 root h, 3 peaks a:h, 4 reason u, 5 organisation h/n,
    6 successor h/n, 7 generation u, 8 time u
3 BOOT: 0 reset u, 1 firmware h, 2 counter u/n, 3 battery u/n, 4 millivolts u/n, 5 storage_free u/n, 6 card s/n,
    7 anchor a:anchor/n, 8 temperature i/n
4 OFF: 0 reason u, 1 battery u/n, 2 millivolts u/n, 3 storage_free u/n
5 JOURNAL: 0 first u, 1 last u, 2 place u
6 CHECK: 0 items a:check, 1 trigger u
7 ISSUE: 0 order b
8 RETURN: 0 order b
9 START: 0 recording u, 1 reason u, 2 tracks u, 3 card s/n, 4 battery u/n, 5 storage_free u/n,
    6 handover a:handover/n
10 STOP: 0 recording u, 1 reason u, 2 segments u, 3 last_tick u, 4 boot u, 5 battery u/n, 6 storage_free u/n
11 SEGMENT: 0 recording u, 1 number u, 2 media u, 3 header_length u, 4 length u, 5 leaf_size u, 6 root h, 7 boot u,
    8 first_tick u, 9 last_tick u, 10 expected u, 11 written u, 12 lost u, 13 rate u, 14 track u, 15 attested u,
    16 stored u, 17 attested_length u
13 INTERRUPT: 0 recording u, 1 cause u, 2 boot u, 3 last_tick u, 4 battery u/n, 5 millivolts u/n, 6 storage_free u/n,
    7 temperature i/n, 8 reset u/n, 9 handover a:handover/n
14 RESUME: 0 recording u, 1 interrupt u, 2 voice_first u/n, 3 voice_last u/n, 4 handover a:handover/n
15 EXEMPT: 0 class u, 1 begins f, 2 recording u/n, 3 order b/n
16 MARK: 0 recording u/n, 1 type u, 2 count u
17 CLOCK: 0 old w, 1 new w, 2 source u, 3 order b/n
18 MEDIUM: 0 old s/n, 1 new s/n, 2 storage_free u/n, 3 storage_total u/n
19 FAULT: 0 what u, 1 recording u/n, 2 segment u/n, 3 values a:i
20 HOST: 0 event u, 1 host h/n, 2 statement b/n, 3 custody h/n, 4 host_time u/n, 5 count u, 6 refusal u/n,
    7 last_host h/n
21 CONFIG: 0 order b/n, 1 setting u, 2 value i
22 FIRMWARE: 0 order b, 1 old h, 2 new h
23 RESET: 0 order b
24 ORG: 0 order b, 1 organisation h, 2 successor h
25 TOMBSTONE: 0 recording u, 1 number u, 2 root h, 3 receipt h, 4 host_entry u
""")

# "Custody kinds"
CUSTODY_KINDS = tables("""
1 GENESIS: 0 public_key h, 1 organisation h, 2 certificate b, 3 name t, 4 zone t
2 ENROL: 0 device h, 1 genesis h, 2 model t, 3 serial t, 4 asset t, 5 protection u
3 INGEST: 0 device h, 1 size u, 2 newest h, 3 segments a:segment
4 HEAD: 0 device h, 1 size u, 2 newest h, 3 root h, 4 head h
5 VERIFICATION: 0 device h/n, 1 verdict t, 2 report h
6 VIEW: 0 segments a:segment, 1 device h
7 COPY: 0 segments a:segment, 1 device h, 2 package h
8 DERIVED: 0 segments a:segment, 1 device h, 2 result h, 3 method t
9 RELEASE: 0 package h, 1 receiver h/n
10 HOLD: 0 segments a:segment, 1 device h, 2 begins f
11 DISPOSAL: 0 segments a:segment, 1 device h, 2 rule t
12 REGISTRY: 0 device h, 1 state u, 2 head_size u/n, 3 head_hash h/n, 4 unit h/n
13 CERTIFICATE: 0 certificate b
14 STAMP: 0 device h, 1 head h, 2 stamp h
15 ORDER: 0 order b
16 WITNESS: 0 device h, 1 size u, 2 newest h, 3 root h, 4 head h, 5 host h
""")

# "Statements"; entries and custody entries have "Entry payload" instead.
STATEMENTS = tables("""
65002 receipt: 0 format u, 1 device h, 2 host h, 3 session s, 4 size u, 5 newest h, 6 root h, 7 time u,
    8 segments a:segment
65003 certificate: 0 format u, 1 organisation h, 2 host_key h, 3 roles u, 4 generation u, 5 not_before u,
    6 not_after u, 7 name t
65004 command: 0 format u, 1 device h, 2 host h, 3 session s, 4 number u, 5 operation u, 6 arguments a, 7 time u
65005 challenge: 0 format u, 1 party u, 2 device h, 3 host h, 4 session s, 5 host_nonce s, 6 device_nonce s,
    7 time u/n, 8 custody h/n
65006 head: 0 format u, 1 device h, 2 epoch u, 3 size u, 4 newest h, 5 root h, 6 boot u, 7 ticks u, 8 wall w,
    9 session s, 10 host h, 11 host_nonce s, 12 device_nonce s, 13 open u/n, 14 phase u
65008 checkpoint: 0 format u, 1 device h, 2 start h, 3 recording u, 4 number u, 5 length u, 6 leaves u, 7 root h,
    8 boot u, 9 tick u, 10 written u, 11 lost u
65009 order: 0 format u, 1 operation u, 2 device h/n, 3 generation u, 4 time u, 5 arguments a
65010 package: 0 format u, 1 host h, 2 time u, 3 from u/n, 4 to u/n, 5 custody_size u, 6 custody_root h, 7 files h
""")

# "Statements", arguments of commands and orders
OPERATIONS = tables("""
1 set_time: 0 unix_ms u
2 issue: 0 officer h, 1 unit h/n
3 return: 0 officer h, 1 unit h/n
4 configure: 0 setting u, 1 value i
5 firmware: 0 firmware h
6 delete: 0 recording u, 1 number u, 2 root h, 3 receipt h
7 reset: –
8 organisation: 0 organisation h, 1 successor h
9 check: –
10 exempt: 0 class u, 1 begins f, 2 officer h/n, 3 approver h/n
""")

# "Messages"
REQUESTS = tables("""
1 HELLO: 0 package a:u, 1 wire a:u, 2 flash a:u, 3 software t
2 STATUS: –
3 PROVISION: 0 organisation h, 1 successor h, 2 serial t, 3 asset t, 4 certificate b, 5 time u/n
4 OPEN: 0 certificate b, 1 host_nonce s
5 PROVE: 0 challenge b
6 HEAD: –
7 JOURNAL: 0 first u, 1 limit u
8 PRIVATE: 0 first u, 1 limit u
9 LEAVES: 0 recording u, 1 number u, 2 first u, 3 count u
10 MEDIA: 0 recording u, 1 number u, 2 offset u, 3 length u, 4 chunk u
11 COMMAND: 0 command b, 1 openings b/n
12 RECEIPT: 0 receipt b
13 CLOSE: –
14 RATE: 0 rate u
""")

ANSWERS = tables("""
1 HELLO: 0 package a:u, 1 wire a:u, 2 flash a:u, 3 software t, 4 device h/n, 5 model t, 6 protection u,
    7 maximum_payload u, 8 maximum_unread u, 9 state u, 10 key_agreement b/n, 11 rates a:u, 12 rate u/n
2 STATUS: 0 battery u/n, 1 millivolts u/n, 2 temperature i/n, 3 storage_free u/n, 4 storage_total u/n, 5 wall w,
    6 boot u, 7 ticks u, 8 recording u/n, 9 epoch u, 10 size u, 11 backlog_segments u, 12 backlog_bytes u,
    13 docked f, 14 check a:check/n, 15 refusals u
3 PROVISION: 0 genesis b
4 OPEN: 0 challenge b
5 PROVE: 0 head b
6 HEAD: 0 head b
7 JOURNAL: 0 first u, 1 entries b
8 PRIVATE: 0 first u, 1 next u, 2 openings b
9 LEAVES: 0 first u, 1 hashes b
10 MEDIA: 0 index u, 1 data b
11 COMMAND: 0 sequence u
12 RECEIPT: 0 sequence u
13 CLOSE: 0 head b
14 RATE: 0 rate u
""")
