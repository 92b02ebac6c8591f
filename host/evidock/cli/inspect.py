"""`evidock inspect`: any journal, statement, frame capture, flash image or key as readable text.

Interface: "Command line".
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evidock.errors import WrongUsage


def inspect(path: Annotated[Path, typer.Argument(metavar="PATH", help="A file, or a package.")]) -> None:
    """Print what a file holds.

    A journal, head, receipt, certificate, custody chain, private records, frames, a flash image or a key.
    Damage is passed over and said. Nothing is judged: use evidock verify for that. No secret is printed.

    Example: evidock inspect ./evidence/custody.cbs
    """
    from evidock import inspection

    if not path.is_dir():
        files = [path]
    elif inspection.is_package(path):
        files = list(inspection.package_files(path))
    else:
        raise WrongUsage("inspect_folder", path=path)
    for file in files:
        if len(files) > 1:
            print(f"{file.relative_to(path)}:")
        for line in inspection.lines(file):
            print(line)
