"""The simulator's ports as the contract suite wants them, on either interpreter."""

import sys

from evidock_simulator.virtual.board import Board, Parts
from evidock_simulator.virtual.clip import open_clip
from evidock_simulator.virtual.clock import Clock
from evidock_simulator.virtual.drawn import Drawn
from evidock_simulator.virtual.generator import Generator
from evidock_simulator.virtual.links import DescriptorLink, MemoryLink
from evidock_simulator.virtual.slot import Slot
from evidock_simulator.virtual.sound import Tone
from evidock_simulator.virtual.supply import Supply

SHIFT = {"battery": [[0, 90]], "temperature": [[0, 215]]}


class Rig:
    """Ports over the images in `folder`. With a descriptor the link is a pty, whose host's end is `host`."""

    def __init__(self, folder: str, descriptor: int | None = None, host: int | None = None):
        self.clock = Clock(5000, 1_700_000_000_000)
        self.slot = Slot()
        self._host = open(host, "r+b", 0) if host is not None else None  # noqa: SIM115
        self._memory = MemoryLink()
        self.link = DescriptorLink(descriptor) if descriptor is not None else self._memory
        if sys.implementation.name == "micropython":
            from evidock_simulator.virtual.card_fat import FatCard as Card

            card = folder + "/card.img"
        else:
            from evidock_simulator.virtual.card_folder import FolderCard as Card

            card = folder + "/card"
        flash = open(folder + "/flash", "r+b", 0)  # noqa: SIM115
        self.clip = folder + "/clip"
        self.parts = Parts(
            flash,
            lambda supply: Card(card, self.slot, supply, self.clock),
            self.link,
            Tone(1),
            self.clock,
            bytes(32),
            Drawn(1),
            open_clip(self.clip + ".mp4"),
        )
        self._boots = 0

    def boot(self) -> Board:
        """A fresh set of ports."""
        self._boots += 1
        self.clock.boot()
        random = Generator(1, self._boots)
        return Board(self.parts, Supply(), random, 1, SHIFT, lambda: 0, lambda: False)

    def boot_with_plain_clip(self) -> Board:
        """The same, with an encoder that copies a file as it is."""
        self.parts.clip = open_clip(self.clip + ".bin")
        return self.boot()

    def pass_time(self, board: Board, milliseconds: int) -> None:
        """Lets time pass, in steps of 100 ms at most, for the hardware that acts on its own."""
        end = self.clock.now + milliseconds
        while self.clock.now < end:
            self.clock.now += min(100, end - self.clock.now)
            board.work()

    def break_camera(self, fault: str) -> None:
        """Something goes wrong with the camera; "" mends it."""
        self.parts.camera_condition.fault = fault

    def break_encoder(self, fault: str) -> None:
        """The same for the encoder."""
        self.parts.encoder_condition.fault = fault

    def cut(self, board: Board) -> None:
        """Power goes between two operations."""
        board.supply.cut()
        board.card.power_lost()

    def pull_card(self) -> None:
        self.slot.remove()

    def put_card(self) -> None:
        self.slot.insert()

    def host_read(self) -> bytes:
        """What has arrived at the host, which does not wait either."""
        if self._host is not None:
            return self._host.read(4096) or b""
        data = bytes(self._memory.to_host)
        self._memory.to_host = bytearray()
        return data

    def host_write(self, data: bytes) -> None:
        if self._host is not None:
            assert self._host.write(data) == len(data)
        else:
            self._memory.to_recorder += data


if __name__ == "__main__":
    import contract

    getattr(contract, sys.argv[1])(Rig(sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
    print("passed")
