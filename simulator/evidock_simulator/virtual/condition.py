"""What is wrong with a piece of hardware, such as camera or encoder. Outlives boots.

Architecture: "The simulator" (faults are policies of the simulated hardware, never branches in the agent).
"""

DEAD = "dead"  # it does not start, or does not answer
MEND = "mend"  # nothing is wrong any more

CAMERA_HALF = "half"  # one picture ends in its middle
CAMERA_STALL = "stall"  # the next picture stops in its middle, and none follows; the sensor goes on
CAMERA_FREEZE = "freeze"  # no picture is made
CAMERA_RESIZE = "resize"  # pictures of half the height
CAMERA_EVENTS = (CAMERA_HALF, CAMERA_STALL, CAMERA_FREEZE, CAMERA_RESIZE, DEAD, MEND)

ENCODER_LEAVE_OPEN = "leave_open"  # it never closes the file
ENCODER_RENAME = "rename"  # it gives the file another name when it closes it
ENCODER_EMPTY = "empty"  # the file has no bytes
ENCODER_WRITE_ON = "write_on"  # it says that the file is closed, and goes on writing
ENCODER_FILL = "fill"  # it writes until the card is full
ENCODER_EVENTS = (ENCODER_LEAVE_OPEN, ENCODER_RENAME, ENCODER_EMPTY, ENCODER_WRITE_ON, ENCODER_FILL, DEAD, MEND)


class Condition:
    """`fault` is "" or the name of one fault; a fault that happens once clears itself."""

    def __init__(self):
        self.fault = ""
