"""What a boot makes of an identity and a journal ring, whichever step of provisioning power cut.

Specification: "Provisioning: the order of durable steps". The steps themselves are in `steps_table`, which no recorder
loads.
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
