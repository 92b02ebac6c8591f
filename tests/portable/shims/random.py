"""random.Random, seeded and the same at both widths of small integers; its numbers are not CPython's."""


class Random:
    """A linear congruential generator modulo 2^61, high bits only: good enough to pick examples."""

    def __init__(self, seed=0):
        self._state = (seed * 2 + 1) & 0x1FFFFFFFFFFFFFFF
        for _ in range(3):
            self._next()

    def _next(self):
        self._state = (self._state * 1152921504735848759 + 1442695040888963407) & 0x1FFFFFFFFFFFFFFF
        return self._state >> 37

    def getrandbits(self, bits):
        value = 0
        for _ in range((bits + 23) // 24):
            value = value << 24 | self._next()
        return value >> (-bits % 24)

    def below(self, limit):
        """0 to limit - 1; the bias is below 2^-24."""
        if limit <= 1:
            return 0
        if limit <= 1 << 20:
            return self._next() * limit >> 24
        width = 24
        while limit >> width:
            width += 24
        return self.getrandbits(width + 24) * limit >> (width + 24)

    def random(self):
        return self._next() / (1 << 24)

    def randrange(self, start, stop=None, step=1):
        if stop is None:
            start, stop = 0, start
        return start + step * self.below((stop - start + step - 1) // step)

    def randint(self, low, high):
        return low + self.below(high - low + 1)

    def choice(self, items):
        return items[self.below(len(items))]

    def choices(self, items, k=1):
        return [self.choice(items) for _ in range(k)]

    def randbytes(self, count):
        found = bytearray(count)
        for at in range(0, count - 2, 3):
            value = self._next()
            found[at] = value & 255
            found[at + 1] = value >> 8 & 255
            found[at + 2] = value >> 16
        for at in range(count - count % 3, count):
            found[at] = self._next() >> 16
        return bytes(found)

    def shuffle(self, items):
        for at in range(len(items) - 1, 0, -1):
            other = self.below(at + 1)
            items[at], items[other] = items[other], items[at]

    def sample(self, items, k):
        items = list(items)
        self.shuffle(items)
        return items[:k]
