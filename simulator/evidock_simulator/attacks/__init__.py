"""The attack catalogue: what somebody can do to a copy of a store or of a card, without keys or with stolen ones.

Interface: `evidock-sim attacks` and `evidock-sim attack`. Every attack is made by rule, so the same evidence gives the
same copy, and says what a verifier must answer.
"""

from collections.abc import Iterator
from pathlib import Path

from evidock_simulator.attacks import (
    containers,
    custody,
    entries,
    folders,
    foreign,
    forgery,
    histories,
    media,
    misuse,
    signatures,
    statements,
)
from evidock_simulator.attacks.attack import Attack, Damage
from evidock_simulator.attacks.evidence import copied

__all__ = ["ATTACKS", "Attack", "Damage", "apply", "listing"]

FAMILIES = (
    media,
    containers,
    folders,
    entries,
    forgery,
    foreign,
    signatures,
    statements,
    custody,
    histories,
    misuse,
)
ATTACKS: dict[str, Attack] = {attack.name: attack for family in FAMILIES for attack in family.ATTACKS}
"""Every attack by its name, in the order of the catalogue."""


def listing(lang: str = "en") -> Iterator[tuple[str, str]]:
    """(name, a line about it) of every attack; `lang` is "en" or "zh"."""
    for attack in ATTACKS.values():
        yield attack.name, f"AT-{attack.row}  {attack.zh if lang == 'zh' else attack.en}"


def apply(name: str, source: Path, target: Path) -> Damage:
    """Copies `source` (a store, a card's folder or its image) to `target` and does the attack there; what it did.

    `source` stays as it is, and a card's image becomes a folder. Raises ValueError for a name that there is not, a
    target that exists, and evidence that this attack has nothing to do with; OSError when the system refuses.
    """
    attack = ATTACKS.get(name)
    if attack is None:
        raise ValueError(f"{name}: there is no such attack; `evidock-sim attacks` lists them")
    with copied(source, target) as evidence:
        if attack.needs_store and not evidence.is_store:
            raise ValueError(f"{source}: {name} needs a store, and this is a card")
        return attack.do(evidence)
