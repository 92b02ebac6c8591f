"""COBS as machine code, through MicroPython's viper emitter.

Specification: "Frames". One source is right where a word has 32 bits and where it has 64: nothing is added but to
addresses, and no address is compared. A module of its own, so that an interpreter without viper, or a .mpy for another
architecture, fails here alone and at import.
"""

import micropython


@micropython.viper
def stuff(buffer, start: int, end: int) -> int:
    """As `cobs_plain.stuff`."""
    first = int(ptr8(buffer))
    source = ptr8(first + start)
    count = int(end - start)
    code = ptr8(first)  # heads the block in hand
    target = ptr8(first + 1)
    run = 1  # the block's bytes so far, its head included
    index = 0
    while int(index) < count:
        byte = source[0]
        source = ptr8(int(source) + 1)
        index += 1
        if run == 255:  # only now, because a full block at the very end has none after it
            code[0] = 255
            code = target
            target = ptr8(int(target) + 1)
            run = 1
        if byte < 1:
            code[0] = run
            code = target
            run = 1
        else:
            target[0] = byte
            run += 1
        target = ptr8(int(target) + 1)
    code[0] = run
    target[0] = 0
    return int(int(target) - first) + 1
