"""Section "Verification of a chain", "Recordings", step 8: frames that are lacking over several segments of a track."""

from dataclasses import dataclass

from .fields import Fields
from .segments import FRAMES_SLACK, duration, lacking


@dataclass
class Sum:
    """From the first segment that lacks a frame on, until others make up for it. `first` is its number."""

    first: int = 0
    lack: int = 0
    segments: int = 0
    calls: int = 0  # frames, times 1000

    def lacks(self, body: Fields, fits: bool) -> bool:
        """Add a segment; whether too many frames are lacking now, so that the sum begins anew."""
        rate = body.integer("rate")
        if not fits:
            self.lack = 0
            return False
        if rate == 0 or (self.lack <= 0 and lacking(body) <= 0):
            return False
        if self.lack <= 0:
            self.first, self.lack, self.segments, self.calls = body.integer("number"), 0, 0, 0
        self.lack += lacking(body)
        self.segments += 1
        self.calls += duration(body) * rate
        allowed = self.segments * 1000 + FRAMES_SLACK * rate + self.calls // 1000
        if self.lack * 1000 <= allowed:
            return False
        self.lack = 0
        return True
