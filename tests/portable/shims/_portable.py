"""What lowered source calls: built-in functions and methods that MicroPython lacks, and how a failed assert reads."""

# MicroPython has no zip(strict=).
# ruff: noqa: B905

REPOSITORY = ""  # set by run.py: the folder in which tests/ and protocol/ are found
SHOWN = 600  # characters of a value in a failure, at most


class Absent:
    """A module or name that MicroPython has no stand-in for: to import it is no error, to use it is."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, name):
        raise ImportError(f"{self._name}.{name} is not to be had on MicroPython")

    def __call__(self, *_arguments, **_named):
        raise ImportError(f"{self._name} is not to be had on MicroPython")

    def __getitem__(self, _key):
        return self


def failure(said, *values):
    """The AssertionError of an assert, with what it compared."""
    shown = [said]
    for value in values:
        try:
            text = value if isinstance(value, str) else repr(value)
        except Exception as problem:
            text = f"<repr raises {problem!r}>"
        shown.append(text if len(text) <= SHOWN else text[:SHOWN] + " …")
    return AssertionError("\n        ".join(shown))


def formatted(value, conversion, spec):
    """One field of an f-string."""
    if conversion == "r":
        value = repr(value)
    elif conversion == "s":
        value = str(value)
    return ("{:" + spec + "}").format(value) if spec else str(value)


def merged(*maps):
    """{**a, **b}"""
    whole = {}
    for each in maps:
        whole.update(each)
    return whole


def vars_(thing):
    """Of a class also what it inherits is left out, as on CPython."""
    return {name: getattr(thing, name) for name in dir(thing) if not name.startswith("__")}


def pow_(base, exponent, modulus=None):
    if modulus is None:
        return pow(base, exponent)
    if exponent >= 0:
        return pow(base, exponent, modulus)
    # Extended Euclid, as CPython has since 3.8.
    old, new, a, b = 1, 0, base % modulus, modulus
    while b:
        quotient = a // b
        old, new, a, b = new, old - quotient * new, b, a - quotient * b
    if a != 1:
        raise ValueError("base is not invertible for the given modulus")
    return pow(old % modulus, -exponent, modulus)


def zip_(*iterables, strict=False):
    if not strict:
        return zip(*iterables)
    lists = [list(each) for each in iterables]
    if any(len(each) != len(lists[0]) for each in lists):
        raise ValueError("zip() arguments differ in length")
    return zip(*lists)


def isinstance_(value, types):
    """A bool is an int, as on CPython."""
    if isinstance(value, types):
        return True
    kinds = types if isinstance(types, tuple) else (types,)
    return int in kinds and isinstance(value, bool)


def iter_(source, *sentinel):
    if not sentinel:
        return iter(source)
    return _until(source, sentinel[0])


def _until(function, sentinel):
    while True:
        value = function()
        if value == sentinel:
            return
        yield value


class _Slices:
    def __getitem__(self, key):
        return key


def slice_(*bounds):
    """MicroPython makes slices in brackets only."""
    return _Slices()[bounds[0] : bounds[1]] if len(bounds) == 2 else _Slices()[: bounds[0]]


def method(owner, name, *arguments, **named):
    """owner.name(...): what CPython's would do where the owner lacks it or takes fewer arguments."""
    stand_in = _STAND_INS.get(name)
    if stand_in is not None and isinstance(owner, stand_in[0]):
        return stand_in[1](owner, *arguments, **named)
    return getattr(owner, name)(*arguments, **named)


def _bit_length(number):
    number, count = abs(number), 0
    while number >= 1 << 24:
        number >>= 24
        count += 24
    while number:
        number >>= 1
        count += 1
    return count


def _count(whole, part, *bounds):
    if isinstance(part, int):
        part = bytes([part])
    if isinstance(whole, (list, tuple)):
        return sum(1 for item in whole if item == part)
    return (bytes(whole) if isinstance(whole, (bytearray, memoryview)) else whole).count(part, *bounds)


def _list_count(whole, part, *bounds):
    return (
        sum(1 for item in whole if item == part) if isinstance(whole, (list, tuple)) else _count(whole, part, *bounds)
    )


def _to_bytes(number, length=1, byteorder="big", signed=False):
    if signed and number < 0:
        number += 1 << 8 * length
    if number < 0 or number >= 1 << 8 * length:
        raise OverflowError("int too big to convert")
    return number.to_bytes(length, byteorder)


def _clear(owner):
    if isinstance(owner, bytearray):
        owner[:] = b""
    else:
        owner.clear()


def _find(whole, part, *bounds):
    if not isinstance(whole, str):
        part = bytes([part]) if isinstance(part, int) else bytes(part)
    return whole.find(part, *bounds)  # pyright: ignore[reportArgumentType]


class UnicodeDecodeError(ValueError):
    """`start` is where the bytes that are no UTF-8 begin."""

    def __init__(self, start):
        super().__init__(f"no UTF-8 at {start}")
        self.start = start


def _decode(data, encoding="utf-8", errors="strict"):
    """Strict as the Unicode standard's table 3-7, which MicroPython's own decoder is not."""
    at = 0
    while encoding != "ascii" and at < len(data):
        first = data[at]
        if first < 0x80:
            at += 1
            continue
        count = 1 if 0xC2 <= first <= 0xDF else 2 if 0xE0 <= first <= 0xEF else 3 if 0xF0 <= first <= 0xF4 else 0
        low = {0xE0: 0xA0, 0xF0: 0x90}.get(first, 0x80)
        high = {0xED: 0x9F, 0xF4: 0x8F}.get(first, 0xBF)
        for place in range(at + 1, at + 1 + count):
            if place >= len(data) or not low <= data[place] <= high:
                raise UnicodeDecodeError(at)
            low, high = 0x80, 0xBF
        if count == 0:
            raise UnicodeDecodeError(at)
        at += 1 + count
    return str(bytes(data), "utf-8")


def _cast(view, code):
    from array import array

    return memoryview(array(code, bytes(view)))


_STAND_INS = {
    "__index__": (int, lambda number: number),
    "cast": (memoryview, _cast),
    "decode": ((bytes, bytearray), _decode),
    "bit_count": (int, lambda number: bin(number).count("1")),
    "bit_length": (int, _bit_length),
    "casefold": (str, lambda text: text.lower()),
    "clear": (bytearray, _clear),
    "count": ((bytes, bytearray, str, list, tuple), _list_count),
    "find": ((bytes, bytearray, str), _find),
    "isidentifier": (str, lambda text: bool(text) and not text[0].isdigit() and text.replace("_", "a").isalpha()),
    "ljust": (
        (str, bytes),
        lambda text, width, fill=None: text + (fill or text[:0] + _space(text)) * (width - len(text)),
    ),
    "rjust": ((str, bytes), lambda text, width, fill=None: (fill or _space(text)) * (width - len(text)) + text),
    "release": (memoryview, lambda view: None),
    "removeprefix": (str, lambda text, prefix: text[len(prefix) :] if text.startswith(prefix) else text),
    "removesuffix": (str, lambda text, end: text[: len(text) - len(end)] if end and text.endswith(end) else text),
    "to_bytes": (int, _to_bytes),
    "toreadonly": (memoryview, lambda view: view),
}


def _space(text):
    return " " if isinstance(text, str) else b" "
