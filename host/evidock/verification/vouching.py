"""Who vouches for one recorder, as a report names it: organisation, enrolling host, state in the registry.

Specification: "Verification of a chain" (provenance, Revocation). What it says is judged elsewhere.
"""

from __future__ import annotations

from typing import NamedTuple

from evidock_protocol import names, sign1

from .trust import Trust
from .trust_state import TrustState

_ENROLLED = 1  # what ENROL alone says


class Vouched(NamedTuple):
    """As the fields of the same names in a report on a recorder."""

    organisation: str | None
    enrolled_by: str | None
    enroller: str
    registry: str | None


def of(device: bytes, trust: Trust, state: TrustState, whole: bool) -> Vouched:
    """What the evidence names; an enrolment only where a pinned organisation stands behind it. Unless the `whole`
    custody chain is here, nobody knows what the registry said later, so that only a final state is named.
    """
    organisation = sign1.thumbprint(state.organisation).hex() if state.organisation else None
    enrolment = trust.enrolled.get(device)
    final = trust.registry.final.get(device)
    number = None if final is None else final.state
    if number is None and whole:
        number = trust.registry.newest.get(device, None if enrolment is None else _ENROLLED)
    registry = None if number is None else names.name_of(names.REGISTRY_STATES, number)
    if enrolment is None:
        return Vouched(organisation, None, "", registry)
    return Vouched(organisation, enrolment.host.hex(), trust.name_of(enrolment.host), registry)
