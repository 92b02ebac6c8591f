"""The tracks of a recording: one for each source that the board has, recorded side by side.

Specification: "Entry kinds" (START, SEGMENT). A board without a camera does not load the code for one.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from evidock_agent.agent import Agent

    class Track(Protocol):
        """One source and the segment that it fills."""

        bits: int  # codes.TRACK_SOUND, codes.TRACK_PICTURE
        segment: Any  # the open Segment, or None; an encoder's has at least number, stem, inline = False, first_tick

        def start(self) -> None:
            """Begins capture. OSError when the source does not answer."""
            ...

        def stop(self) -> None:
            """Ends capture; what was collected can still be moved."""
            ...

        def open(self, number: int, tick: int) -> None:
            """Opens segment `number` of recording agent.recorder.number, in agent.folder. OSError: the card failed."""
            ...

        def pump(self, drain: bool) -> int:
            """Moves what is there, about 4 KiB at most. Returns the number of bytes moved.

            0 when there is nothing and the segment may end here; -1 when there is nothing now but a picture is under
            way. With `drain` the recorder is about to end the segment: sound moves all that it has, a camera begins no
            further picture. OSError when the card fails.
            """
            ...

        def is_full(self) -> bool:
            """Whether the segment should end: almost 16 MiB, or pictures of another size."""
            ...

        def end(self, tick: int) -> Any:
            """Ends the open segment at `tick` and returns it; `segment` is None. OSError when the card fails.

            What is lost from here on is the next segment's, however late this one is sealed: `seal_steps(boot)` of what
            is returned is a generator that finishes the file and returns the named fields of SEGMENT, or None when
            there is nothing to seal (its `faults` say why). It yields between slices; True while it waits for the
            source. `abandon()` lets go of it instead.
            """
            ...


def of(agent: "Agent", blocks: list[memoryview]) -> "list[Track]":
    """The tracks of the agent's board, in the order of their segments' numbers. `blocks` are lent to those inline."""
    board = agent.board
    found: list = []
    if board.capture is not None:
        from evidock_agent.sound import SoundTrack

        found.append(SoundTrack(agent, blocks[0]))
    if board.camera is not None:
        from evidock_agent.picture import PictureTrack

        found.append(PictureTrack(agent, blocks[-1]))
    if board.encoder is not None:
        from evidock_agent.encoder import EncoderTrack

        found.append(EncoderTrack(agent))
    return found
