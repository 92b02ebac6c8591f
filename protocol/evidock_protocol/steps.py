"""The durable steps of provisioning and of an epoch change, and what a boot makes of flash that was cut between them.

Specification: "Provisioning: the order of durable steps", "Epoch change: the order of durable steps".
"""

# What a boot finds in the identity sector,
NO_HEAD = 0  # erased, or a head that does not hold
WIPED = 1  # the head is all zeros
DAMAGED = 2  # the head holds, GENESIS does not
WHOLE = 3
# in the journal ring,
NO_ENTRY = 0
ONLY_GENESIS = 1
MORE = 2
# and what it does.
STAYS_BLANK = 0  # and wipes every key
TAKES_RING = 1  # takes GENESIS from the ring, and comes up; is broken when it has left the ring
TAKES_IDENTITY = 2
BREAKS = 3  # it is broken

# By what the identity sector has, then by what the journal ring has.
AT_BOOT = (
    (STAYS_BLANK, STAYS_BLANK, TAKES_RING),
    (STAYS_BLANK, STAYS_BLANK, STAYS_BLANK),
    (BREAKS, TAKES_RING, TAKES_RING),
    (TAKES_IDENTITY, TAKES_IDENTITY, TAKES_IDENTITY),
)

# Names for the specification's tables, in the order of the numbers above.
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
