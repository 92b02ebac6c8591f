"""The three format versions that HELLO exchanges, and the limits that bound every decoder.

Specification: "Versions" and "Limits".
"""

SOFTWARE = "0.1.0"

PACKAGE_FORMAT = 1  # entries, statements, archive and exported packages
WIRE_FORMAT = 1  # frames and messages
FLASH_FORMAT = 1  # rings in internal flash and files on the card

ACCEPTED_PACKAGE_FORMATS = (1,)
ACCEPTED_WIRE_FORMATS = (1,)
ACCEPTED_FLASH_FORMATS = (1,)

SUITE_ED25519_SHA256 = 1

MAXIMUM_STATEMENT = 2048  # bytes of one COSE_Sign1, tag included
MAXIMUM_TEXT = 64  # bytes of UTF-8 in one public text
MAXIMUM_OPENING = 320  # bytes of one encoded private opening
MAXIMUM_PRIVATE_FIELDS = 8  # private fields of one entry
MAXIMUM_LIST = 64  # items of one array inside an entry, statement or message, where no lower limit holds
MAXIMUM_PAYLOAD = 4224  # bytes of one frame's message: a 4,096-byte chunk and its head
MAXIMUM_REQUEST = MAXIMUM_STATEMENT + 64  # bytes of one request message
MAXIMUM_CHUNK = 4096  # bytes of media in one message
MAXIMUM_UNREAD_REQUESTS = 255  # bytes of requests the host may leave unread on the line
MAXIMUM_UNREAD_HELD = 4096  # bytes of one request on a line that holds back what is not read, as USB does
MAXIMUM_NUMBER = 65535  # of a request; a host counts from 1 and then begins again
RATE_TRIAL_MS = 1500  # after a change of rate in which a whole request must arrive, or the usual rate returns
RATE_SILENCE_MS = 10_000  # without a whole request after which it returns too
MAXIMUM_RECEIPT_SEGMENTS = 24  # segments listed in one receipt
MAXIMUM_SEGMENT = 16 * 1024 * 1024  # bytes of a segment written inline
MAXIMUM_SEGMENT_MS = 60_000  # milliseconds of a segment written inline
MAXIMUM_FILE = (1 << 32) - 1  # bytes of any media file (FAT32)
MINIMUM_LEAF = 4096  # bytes
MAXIMUM_LEAF = 1 << 20  # bytes
LEAF_SOUND = 32 * 1024  # bytes, leaf size of sound
LEAF_DEFAULT = 64 * 1024  # bytes, leaf size of everything else
