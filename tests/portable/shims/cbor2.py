"""A second writer and reader of deterministic CBOR for MicroPython: RFC 8949 alone, nothing of the product."""

import struct


class CBORDecodeError(ValueError):
    pass


class CBORTag:
    def __init__(self, tag, value):
        self.tag = tag
        self.value = value

    def __eq__(self, other):
        return isinstance(other, CBORTag) and (self.tag, self.value) == (other.tag, other.value)


def _head(major, value):
    major <<= 5
    if value < 24:
        return bytes([major | value])
    if value < 1 << 8:
        return bytes([major | 24, value])
    if value < 1 << 16:
        return bytes([major | 25]) + struct.pack(">H", value)
    if value < 1 << 32:
        return bytes([major | 26]) + struct.pack(">I", value)
    if value < 1 << 64:
        return bytes([major | 27]) + struct.pack(">Q", value)
    raise OverflowError("more than 64 bits")


def _big(tag, number):
    data = number.to_bytes((len(bin(number)) - 2 + 7) // 8, "big")
    return _head(6, tag) + _head(2, len(data)) + data


def dumps(value, canonical=False):
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        if value >= 1 << 64:
            return _big(2, value)
        if value < -(1 << 64):
            return _big(3, -1 - value)
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _head(2, len(value)) + bytes(value)
    if isinstance(value, str):
        data = value.encode()
        return _head(3, len(data)) + data
    if isinstance(value, (list, tuple)):
        return _head(4, len(value)) + b"".join([dumps(item, canonical) for item in value])
    if isinstance(value, dict):
        pairs = [(dumps(key, canonical), dumps(item, canonical)) for key, item in value.items()]
        pairs.sort(key=lambda pair: (len(pair[0]), pair[0]))
        return _head(5, len(value)) + b"".join([key + item for key, item in pairs])
    if isinstance(value, CBORTag):
        return _head(6, value.tag) + dumps(value.value, canonical)
    raise TypeError(f"cannot write {type(value)}")


class _Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, count):
        if count > len(self.data) - self.at:
            raise CBORDecodeError("ends early")
        self.at += count
        return bytes(self.data[self.at - count : self.at])

    def value(self):
        first = self.take(1)[0]
        major, small = first >> 5, first & 31
        if major == 7:
            return self.simple(small)
        if small < 24:
            number = small
        elif small < 28:
            number = int.from_bytes(self.take(1 << small - 24), "big")
        else:
            raise CBORDecodeError("indefinite or reserved")
        if major == 0:
            return number
        if major == 1:
            return -1 - number
        if major == 2:
            return self.take(number)
        if major == 3:
            try:
                return self.take(number).decode()
            except UnicodeError:
                raise CBORDecodeError("not UTF-8") from None
        if major == 4:
            return [self.value() for _ in range(number)]
        if major == 5:
            found = {}
            for _ in range(number):
                key = self.value()
                if key in found:
                    raise CBORDecodeError("a key twice")
                found[key] = self.value()
            return found
        value = self.value()
        if number in (2, 3):
            value = int.from_bytes(value, "big")
            return value if number == 2 else -1 - value
        return CBORTag(number, value)

    def simple(self, small):
        known = {20: False, 21: True, 22: None}
        if small in known:
            return known[small]
        if small == 27:
            return struct.unpack(">d", self.take(8))[0]
        if small == 26:
            return struct.unpack(">f", self.take(4))[0]
        raise CBORDecodeError("a simple value that is not supported")


def loads(data, **_options):
    reader = _Reader(data)
    return reader.value()
