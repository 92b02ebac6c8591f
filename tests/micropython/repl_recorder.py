"""A recorder whose line is the stream that its REPL has: `begin(image, card)`, typed at MicroPython's prompt."""

import sys

import repl_link  # pyright: ignore[reportMissingImports]  (from boards/)

from evidock_simulator.virtual import main


class Link(repl_link.ReplLink):
    """As the simulated hardware wants a link: it counts, and is given a descriptor that it has no use for."""

    def __init__(self, *_descriptors):
        super().__init__()
        self.moved = 0

    def read(self, buffer):
        count = super().read(buffer)
        self.moved += count
        return count

    def write(self, data):
        count = super().write(data)
        self.moved += count
        return count


def begin(image, card):
    main.DescriptorLink = Link
    main.run(image, card, 1000, bytes(32), False)


def busy():
    """Takes the line, gives it back, and goes on for ever."""
    repl_link.ReplLink().close()
    sys.stdout.write("given back\n")
    while True:
        pass
