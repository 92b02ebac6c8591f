"""One block of SHA-512 as machine code, through MicroPython's viper emitter.

Source: FIPS 180-4, sections 4.1.3 and 6.4.2. Viper integers are 32 bits on boards and 64 on the desktop build. One
source serves both: a 64-bit word is two halves; whatever is shifted right or compared has first been masked to 32 bits;
a carry is found by comparing and not by looking at bit 32. A module of its own, so that an interpreter without viper,
or a .mpy for another architecture, fails here alone and at import.
"""

from array import array
from struct import unpack

import micropython

from evidock_agent.crypto.sha512_tables import CONSTANTS

# Copied out of the bytes because a literal in a frozen module need not be aligned for 32-bit loads.
_constants = array("I", unpack(">160I", CONSTANTS))
_schedule = array("I", bytes(640))


@micropython.viper
def _expand(data, offset: int, one: uint):
    """Fill the message schedule from the block at `offset` of `data`."""
    mask = uint((one << 16 << 16) - 1)  # a literal of 32 ones would not be a small integer on a board
    block = ptr8(int(ptr8(data)) + offset)
    w = ptr32(_schedule)
    i = 0
    while i < 32:
        j = i << 2
        w[i] = (block[j] << 24) | (block[j + 1] << 16) | (block[j + 2] << 8) | block[j + 3]
        i += 1
    i = 16
    while i < 80:
        xh = uint(w[2])
        xl = uint(w[3])
        high = ((xh >> 1) | (xl << 31)) ^ ((xh >> 8) | (xl << 24)) ^ (xh >> 7)
        low = ((xl >> 1) | (xh << 31)) ^ ((xl >> 8) | (xh << 24)) ^ ((xl >> 7) | (xh << 25))
        xh = uint(w[28])
        xl = uint(w[29])
        high += ((xh >> 19) | (xl << 13)) ^ ((xl >> 29) | (xh << 3)) ^ (xh >> 6)
        more = uint((((xl >> 19) | (xh << 13)) ^ ((xh >> 29) | (xl << 3)) ^ ((xl >> 6) | (xh << 26))) & mask)
        low = (low + more) & mask
        high += int(low < more)
        more = uint(w[1])
        low = (low + more) & mask
        high += w[0] + int(low < more)
        more = uint(w[19])
        low = (low + more) & mask
        w[32] = high + w[18] + int(low < more)
        w[33] = low
        w = ptr32(int(w) + 8)
        i += 1


@micropython.viper
def _rounds(state, one: uint):
    """Eighty rounds over the schedule, added into `state`."""
    mask = uint((one << 16 << 16) - 1)
    s = ptr32(state)
    ah = uint(s[0])
    al = uint(s[1])
    bh = uint(s[2])
    bl = uint(s[3])
    ch = uint(s[4])
    cl = uint(s[5])
    dh = uint(s[6])
    dl = uint(s[7])
    eh = uint(s[8])
    el = uint(s[9])
    fh = uint(s[10])
    fl = uint(s[11])
    gh = uint(s[12])
    gl = uint(s[13])
    hh = uint(s[14])
    hl = uint(s[15])
    w = ptr32(_schedule)
    k = ptr32(_constants)
    i = 0
    while i < 80:
        # first = h + Sigma1(e) + Ch(e, f, g) + K + W
        more = uint((((el >> 14) | (eh << 18)) ^ ((el >> 18) | (eh << 14)) ^ ((eh >> 9) | (el << 23))) & mask)
        low = (hl + more) & mask
        high = hh + (((eh >> 14) | (el << 18)) ^ ((eh >> 18) | (el << 14)) ^ ((el >> 9) | (eh << 23)))
        high += int(low < more)
        more = uint(gl ^ (el & (fl ^ gl)))
        low = (low + more) & mask
        high += (gh ^ (eh & (fh ^ gh))) + int(low < more)
        more = uint(k[1])
        low = (low + more) & mask
        high += k[0] + int(low < more)
        more = uint(w[1])
        low = (low + more) & mask
        high += w[0] + int(low < more)
        hh = gh
        hl = gl
        gh = fh
        gl = fl
        fh = eh
        fl = el
        # e = d + first
        el = uint((dl + low) & mask)
        eh = uint((dh + high + int(el < low)) & mask)
        dh = ch
        dl = cl
        # a = first + Sigma0(a) + Maj(a, b, c)
        high += ((ah >> 28) | (al << 4)) ^ ((al >> 2) | (ah << 30)) ^ ((al >> 7) | (ah << 25))
        more = uint((((al >> 28) | (ah << 4)) ^ ((ah >> 2) | (al << 30)) ^ ((ah >> 7) | (al << 25))) & mask)
        low = (low + more) & mask
        high += int(low < more)
        more = uint((al & bl) | (cl & (al | bl)))
        low = (low + more) & mask
        high += ((ah & bh) | (ch & (ah | bh))) + int(low < more)
        ch = bh
        cl = bl
        bh = ah
        bl = al
        ah = uint(high & mask)
        al = uint(low)
        k = ptr32(int(k) + 8)
        w = ptr32(int(w) + 8)
        i += 1
    # The eight words added to what was there; the schedule is spent and carries them over.
    w = ptr32(_schedule)
    w[0] = ah
    w[1] = al
    w[2] = bh
    w[3] = bl
    w[4] = ch
    w[5] = cl
    w[6] = dh
    w[7] = dl
    w[8] = eh
    w[9] = el
    w[10] = fh
    w[11] = fl
    w[12] = gh
    w[13] = gl
    w[14] = hh
    w[15] = hl
    i = 0
    while i < 16:
        more = uint(w[i + 1])
        low = uint((uint(s[i + 1]) + more) & mask)
        s[i] = s[i] + w[i] + int(low < more)
        s[i + 1] = low
        i += 2


def compress(state, data: bytes, offset: int) -> None:
    """Fold the 128 bytes of `data` at `offset` into `state`.

    `state` is an `array("I")` of sixteen words: the high and the low half of each of the eight 64-bit words.
    """
    _expand(data, offset, 1)
    _rounds(state, 1)
