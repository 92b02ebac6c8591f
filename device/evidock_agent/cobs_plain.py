"""COBS byte by byte, for interpreters without viper.

Specification: "Frames". `evidock_protocol.framing` packs by searching and moving slices, which is faster than this but
allocates with every block; a recorder that answers for hours must not.
"""


def stuff(buffer: bytearray, start: int, end: int) -> int:
    """Turn buffer[start:end] into the frame at the buffer's beginning, 0x00 at its end included; return its length.

    `start` is at least 1 + the number of full blocks that the content can have, (end - start) // 254: so what is
    written never overtakes what is read. There is at least one byte, and room for one behind the content.
    """
    code = 0  # heads the block in hand
    target = 1
    run = 1  # the block's bytes so far, its head included
    for place in range(start, end):
        byte = buffer[place]
        if run == 255:  # only now, because a full block at the very end has none after it
            buffer[code] = 255
            code = target
            target += 1
            run = 1
        if byte == 0:
            buffer[code] = run
            code = target
            run = 1
        else:
            buffer[target] = byte
            run += 1
        target += 1
    buffer[code] = run
    buffer[target] = 0
    return target + 1
