"""Types for annotations only."""

from portable.shims.typing import Callable, Generator, Iterable, Iterator, Mapping, MutableSequence, Sequence  # noqa: F401
