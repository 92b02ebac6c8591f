"""Power cut at every flash and card operation of what a world does."""

from __future__ import annotations

from collections.abc import Callable

from support.board import Tear, World

Check = Callable[[World, str], None]


def every(world: World, stride: int, first: int, check: Check) -> list[int]:
    """Runs `check` on forks of `world`, cut at every `stride`-th operation from now on; returns a counter of them."""
    count = [0]

    def before(operation: int, tear: Tear) -> None:
        count[0] += 1
        if count[0] % stride != first % stride:
            return
        for torn, kept in ((False, False), (True, False), (True, True)):
            fork = world.fork(count[0], kept)
            if torn:
                tear(fork)
            check(fork, f"operation {operation}, torn {torn}, kept {kept}")

    world.power.before = before
    return count
