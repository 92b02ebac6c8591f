"""The durable steps of provisioning, an epoch change and a deletion, and what a boot finds and does between them.

Specification: "Provisioning: the order of durable steps", "Epoch change: the order of durable steps", "Deletion on the
recorder". No recorder loads it: `steps` has what one decides by.
"""

from evidock_protocol.steps import MORE, NO_ENTRY, NO_HEAD, ONLY_GENESIS, WHOLE, WIPED

# Names of the numbers in `steps`.
IDENTITY = ("no head", "wiped", "damaged", "whole")
RING = ("no entry", "only GENESIS", "more")
DOES = ("wipes every key, stays blank", "takes GENESIS from the ring", "comes up", "is broken")

# Step, what is durable with it, and the pairs (identity, ring) that a boot may find from then on.
PROVISIONING = (
    (0, "nothing: a blank recorder", ((NO_HEAD, NO_ENTRY), (NO_HEAD, ONLY_GENESIS))),
    (1, "identity head zeroed, of a recorder that was reset", ((WIPED, MORE),)),
    (2, "every key slot zeroed, then key and journal ring erased", ((WIPED, MORE), (WIPED, NO_ENTRY))),
    (3, "anchor ring and identity erased", ((NO_HEAD, NO_ENTRY),)),
    (4, "genesis key in a slot", ((NO_HEAD, NO_ENTRY),)),
    (5, "GENESIS in the journal ring", ((NO_HEAD, ONLY_GENESIS),)),
    (6, "GENESIS and key table in the identity sector", ((NO_HEAD, ONLY_GENESIS),)),
    (7, "identity head", ((WHOLE, ONLY_GENESIS), (WHOLE, MORE))),
)

# What a key slot holds at boot, and what becomes of it once the live key is found.
KEEPS = 0
ZEROES = 1
KEY_SLOTS = (
    ("erased", KEEPS),
    ("zeros", KEEPS),
    ("the live key", KEEPS),
    ("another key", ZEROES),
    ("torn", ZEROES),
)
BECOMES = ("stays", "zeroed")

OLD = 0
NEW = 1
# Step, what is durable with it, and whose key a boot finds alive from then on.
EPOCH_CHANGE = (
    (1, "the new key in an erased slot", OLD),
    (2, "EPOCH, signed by the old key", NEW),
    (3, "the old key's slot zeroed", NEW),
)
LIVES = ("the old key", "the new key")

# Step, what is durable with it, what a boot finds from then on, and what it does.
DELETION = (
    (1, "HOST (commanded), if a host asked", "no TOMBSTONE, the files", "nothing"),
    (2, "TOMBSTONE", "TOMBSTONE, the files", "unlinks them"),
    (3, "media file unlinked", "TOMBSTONE, `.LVS`", "unlinks `.CKP`, `.LVS`"),
    (4, "`.CKP`, then `.LVS` unlinked", "TOMBSTONE, no files", "nothing"),
)
