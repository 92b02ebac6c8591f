"""What counts as UTF-8 text, judged alike on both interpreters.

SPECIFICATION.md, "Deterministic CBOR". MicroPython's own check lets overlong forms, surrogates and values above
U+10FFFF through, so text that is not plain ASCII is checked here.
"""


def find_error(data: bytes | bytearray | memoryview, offset: int, end: int) -> int:
    """Offset of the first ill-formed sequence (Unicode 15 table 3-7), or -1."""
    while offset < end:
        first = data[offset]
        low, high = 0x80, 0xBF
        if first < 0x80:
            more = 0
        elif 0xC2 <= first <= 0xDF:
            more = 1
        elif 0xE0 <= first <= 0xEF:
            more = 2
            if first == 0xE0:
                low = 0xA0
            elif first == 0xED:
                high = 0x9F
        elif 0xF0 <= first <= 0xF4:
            more = 3
            if first == 0xF0:
                low = 0x90
            elif first == 0xF4:
                high = 0x8F
        else:
            return offset
        if offset + more >= end:
            return offset
        for index in range(offset + 1, offset + 1 + more):
            if not low <= data[index] <= high:
                return offset
            low, high = 0x80, 0xBF
        offset += 1 + more
    return -1
