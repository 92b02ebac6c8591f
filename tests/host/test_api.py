"""The public names (interface: "Python"): there, documented, quick to import, and never hidden by a module."""

import inspect
import os
import pkgutil
import subprocess
import sys
from importlib import import_module

import evidock
from evidock import errors


def test_every_public_name_is_there_and_documented() -> None:
    assert 10 <= len(evidock.__all__) <= 14
    for name in evidock.__all__:
        value = getattr(evidock, name)
        if name != "__version__":
            assert inspect.getdoc(value), name


def test_no_module_has_a_public_name() -> None:
    """Importing a module binds its name in the package, in place of a function of that name."""
    modules = {module.name for module in pkgutil.iter_modules(evidock.__path__)}
    assert not modules & set(evidock.__all__)


def test_names_stay_whatever_is_imported_first() -> None:
    for module in ("docking", "intake", "client", "provisioning", "verification", "cli.sync", "cli.provision"):
        import_module(f"evidock.{module}")
    for name in ("connect", "provision", "sync", "verify"):
        assert inspect.isfunction(getattr(evidock, name)), name
    assert issubclass(evidock.Store, object)
    assert issubclass(errors.StoreError, evidock.EvidockError)


def test_importing_the_package_loads_nothing_heavy() -> None:
    script = "import sys, evidock; print(sorted({'nacl', 'serial', 'cbor2', 'rich', 'typer'} & set(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_name() -> None:
    assert not hasattr(evidock, "bla")
