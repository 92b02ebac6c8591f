"""Modules that only a boot, another card or provisioning needs: they are imported where they are used, and let go here.

DESIGN.md, "Memory".
"""

import sys

_PACKAGE = "evidock_agent"
_MODULES = ("boot", "recovery", "recovered", "recovered_pictures", "provisioning", "medium")


def let_go() -> None:
    """Forgets these modules: what their code takes in memory is free again once nothing runs of it."""
    package = sys.modules[_PACKAGE]
    for name in _MODULES:
        if sys.modules.pop(_PACKAGE + "." + name, None) is not None and hasattr(package, name):
            delattr(package, name)
