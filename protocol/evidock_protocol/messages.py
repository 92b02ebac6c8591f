"""Messages on the wire: numbers, fields of requests and answers, and error codes.

Specification: "Messages". A request is the array [type, request number, field 0, field 1 …]; its answer is
[type + 128, request number, field 0 …]; a refusal is [255, request number, code, text].
"""

HELLO = 1
STATUS = 2
PROVISION = 3
OPEN = 4
PROVE = 5
HEAD = 6
JOURNAL = 7
PRIVATE = 8
LEAVES = 9
MEDIA = 10
COMMAND = 11
RECEIPT = 12
CLOSE = 13
RATE = 14

ANSWER = 128
REFUSAL = 255

# type, name, request fields, answer fields. One request may be answered by several messages only where noted.
MESSAGES = (
    (
        HELLO,
        "HELLO",
        "0 package a:u, 1 wire a:u, 2 flash a:u, 3 software t",
        "0 package a:u, 1 wire a:u, 2 flash a:u, 3 software t, 4 device h/n, 5 model t, 6 protection u, "
        "7 maximum_payload u, 8 maximum_unread u, 9 state u, 10 key_agreement b/n, 11 rates a:u, 12 rate u/n",
    ),
    (
        STATUS,
        "STATUS",
        "",
        "0 battery u/n, 1 millivolts u/n, 2 temperature i/n, 3 storage_free u/n, 4 storage_total u/n, 5 wall w, "
        "6 boot u, 7 ticks u, 8 recording u/n, 9 epoch u, 10 size u, 11 backlog_segments u, 12 backlog_bytes u, "
        "13 docked f, 14 check a:check/n, 15 refusals u",
    ),
    (
        PROVISION,
        "PROVISION",
        "0 organisation h, 1 successor h, 2 serial t, 3 asset t, 4 certificate b, 5 time u/n",
        "0 genesis b",
    ),
    (OPEN, "OPEN", "0 certificate b, 1 host_nonce s", "0 challenge b"),
    (PROVE, "PROVE", "0 challenge b", "0 head b"),
    (HEAD, "HEAD", "", "0 head b"),
    (JOURNAL, "JOURNAL", "0 first u, 1 limit u", "0 first u, 1 entries b"),
    (PRIVATE, "PRIVATE", "0 first u, 1 limit u", "0 first u, 1 next u, 2 openings b"),
    (LEAVES, "LEAVES", "0 recording u, 1 number u, 2 first u, 3 count u", "0 first u, 1 hashes b"),
    (MEDIA, "MEDIA", "0 recording u, 1 number u, 2 offset u, 3 length u, 4 chunk u", "0 index u, 1 data b"),
    (COMMAND, "COMMAND", "0 command b, 1 openings b/n", "0 sequence u"),
    (RECEIPT, "RECEIPT", "0 receipt b", "0 sequence u"),
    (CLOSE, "CLOSE", "", "0 head b"),
    (RATE, "RATE", "0 rate u", "0 rate u"),
)

MALFORMED = 1
UNKNOWN_MESSAGE = 2
UNSUPPORTED_VERSION = 3
NOT_PROVISIONED = 4
ALREADY_PROVISIONED = 5
NO_SESSION = 6
BAD_CERTIFICATE = 7
BAD_SIGNATURE = 8
EXPIRED = 9
WRONG_ROLE = 10
WRONG_DEVICE = 11
REPLAYED = 12
NO_SUCH_SEGMENT = 13
OUT_OF_RANGE = 14
STORAGE = 15
BUSY = 16
NO_RANDOM_SOURCE = 17
UNSUPPORTED = 18
OLDER_GENERATION = 19
