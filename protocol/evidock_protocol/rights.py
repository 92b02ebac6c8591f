"""Who may have a recorder do what: the role that a host's command needs, and what an order of the organisation may ask.

Specification: "Session" (commands and orders).
"""

from evidock_protocol import codes

# operation, role that a host's certificate must have for a command (0: no host may), whether an order may ask for it
RIGHTS = (
    (codes.OPERATION_SET_TIME, codes.ROLE_TIME, True),
    (codes.OPERATION_ISSUE, codes.ROLE_ISSUE, False),
    (codes.OPERATION_RETURN, codes.ROLE_ISSUE, False),
    (codes.OPERATION_CONFIGURE, codes.ROLE_CONFIGURE, True),
    (codes.OPERATION_FIRMWARE, codes.ROLE_FIRMWARE, True),
    (codes.OPERATION_DELETE, codes.ROLE_RECEIPT, False),
    (codes.OPERATION_RESET, 0, True),
    (codes.OPERATION_ORGANISATION, 0, True),
    (codes.OPERATION_CHECK, codes.ROLE_PULL, False),
    (codes.OPERATION_EXEMPT, codes.ROLE_ISSUE, False),
)


def role_for(operation: int) -> int:
    """The role that a command needs; 0 for what no host may ask for, and for an operation that is not known."""
    for number, role, _order in RIGHTS:
        if number == operation:
            return role
    return 0


def may_order(operation: int) -> bool:
    """Whether an order of the organisation may ask for this."""
    return any(number == operation and order for number, _role, order in RIGHTS)
