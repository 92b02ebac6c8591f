"""Enough of viper's integers and pointers to run a viper function on CPython with 32 or 64 bits.

What MicroPython's documentation and emitter say: a value is a machine word, `int` or `uint`; an operation has the type
of its left side; `>>` copies the sign bit of an int and not of a uint; two uints compare without sign and everything
else with it; a load from ptr8 or ptr32 fills up with zeros.
"""

from collections.abc import Callable, MutableSequence
from typing import Any

_integer = int  # the modelled source sees another `int`


class Word:
    """A machine word of so many bits."""

    def __init__(self, width: int, value: int, unsigned: bool = False) -> None:
        self.width = width
        self.bits = value & ((1 << width) - 1)
        self.unsigned = unsigned

    @property
    def value(self) -> int:
        negative = not self.unsigned and self.bits >> (self.width - 1)
        return self.bits - (1 << self.width) if negative else self.bits

    def _with(self, value: int) -> "Word":
        return Word(self.width, value, self.unsigned)

    def _other(self, other: "Word | int") -> "Word":
        return other if isinstance(other, Word) else Word(self.width, other)

    def __add__(self, other: "Word | int") -> "Word":
        return self._with(self.bits + self._other(other).bits)

    def __sub__(self, other: "Word | int") -> "Word":
        return self._with(self.bits - self._other(other).bits)

    def __and__(self, other: "Word | int") -> "Word":
        return self._with(self.bits & self._other(other).bits)

    def __or__(self, other: "Word | int") -> "Word":
        return self._with(self.bits | self._other(other).bits)

    def __xor__(self, other: "Word | int") -> "Word":
        return self._with(self.bits ^ self._other(other).bits)

    def __lshift__(self, count: int) -> "Word":
        assert 0 <= count < 32
        return self._with(self.bits << count)

    def __rshift__(self, count: int) -> "Word":
        assert 0 <= count < 32
        return self._with(self.value >> count)

    def __lt__(self, other: "Word | int") -> bool:
        right = self._other(other)
        if self.unsigned and right.unsigned:
            return self.bits < right.bits
        return Word(self.width, self.bits).value < Word(right.width, right.bits).value


class Machine:
    """The names that a viper function sees, for words of `width` bits."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._memory: list[Any] = []

    def names(self) -> dict[str, Any]:
        return {"int": self.int, "uint": self.uint, "ptr8": self.ptr8, "ptr32": self.ptr32}

    def int(self, value: "Word | Pointer | _integer") -> Word:
        return Word(self.width, self._number(value))

    def uint(self, value: "Word | Pointer | _integer") -> Word:
        return Word(self.width, self._number(value), unsigned=True)

    def ptr8(self, target: Any) -> "Pointer":
        return Pointer(self, self._address(target), 1)

    def ptr32(self, target: Any) -> "Pointer":
        return Pointer(self, self._address(target), 4)

    def viper(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The decorator: arguments become words by their annotations."""
        kinds = list(function.__annotations__.values())
        names = list(function.__annotations__)
        places = [function.__code__.co_varnames.index(name) for name in names]

        def called(*arguments: Any) -> Any:
            values = list(arguments)
            for place, kind in zip(places, kinds, strict=True):
                values[place] = kind(values[place])
            return function(*values)

        return called

    def place(self, address: _integer, size: _integer) -> tuple[MutableSequence[_integer], _integer]:
        """The buffer at an address, and the index in its items of `size` bytes."""
        buffer = self._memory[(address >> 16) - 1]
        offset = address & 0xFFFF
        assert offset % size == 0, "an unaligned access"
        return buffer, offset // size

    def _address(self, target: Any) -> _integer:
        if isinstance(target, Word):
            return target.bits
        for index, known in enumerate(self._memory):
            if known is target:
                return (index + 1) << 16
        self._memory.append(target)
        return len(self._memory) << 16

    @staticmethod
    def _number(value: "Word | Pointer | _integer") -> _integer:
        if isinstance(value, Word):
            return value.bits
        return value.address if isinstance(value, Pointer) else value


class Pointer:
    """A ptr8 or ptr32."""

    def __init__(self, machine: Machine, address: int, size: int) -> None:
        self.machine = machine
        self.address = address
        self.size = size

    def __getitem__(self, index: int) -> Word:
        buffer, start = self.machine.place(self.address, self.size)
        assert start + index >= 0
        return Word(self.machine.width, buffer[start + index])

    def __setitem__(self, index: int, value: "Word | int") -> None:
        buffer, start = self.machine.place(self.address, self.size)
        assert start + index >= 0
        bits = value.bits if isinstance(value, Word) else value
        buffer[start + index] = bits & ((1 << 8 * self.size) - 1)
