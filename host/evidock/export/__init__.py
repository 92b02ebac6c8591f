"""Export of a part of a store: one case or one hour, as a package that anyone can verify alone.

Specification: "A package". What is not asked for stays in the store: it leaves neither bytes nor names nor lengths.
"""

from .run import Exported as Exported
from .run import ExportedRecorder as ExportedRecorder
from .run import export as export
