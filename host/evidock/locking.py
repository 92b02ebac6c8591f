"""One lock for all methods of an object that several dockings share: threads of one process, one recorder each.

Interface: "`evidock sync` and `dock` run side by side". What spans two calls takes the same lock around both.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar


class Shared(Protocol):
    """An object whose methods exclude each other."""

    lock: threading.RLock


_Self = TypeVar("_Self", bound=Shared)
_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


def locked(method: Callable[Concatenate[_Self, _Given], _Result]) -> Callable[Concatenate[_Self, _Given], _Result]:
    """The method, run by one thread at a time; it may call others of the same object."""

    @functools.wraps(method)
    def run(self: _Self, *given: _Given.args, **named: _Given.kwargs) -> _Result:
        with self.lock:
            return method(self, *given, **named)

    return run
