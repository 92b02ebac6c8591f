"""True time on paper: from seconds to a place on the page, ticks at round local times, and how times are written."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from evidock import language

DAY = 86400
STEPS = (
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    10800,
    21600,
    43200,
    DAY,
    7 * DAY,
    30 * DAY,
    365 * DAY,
)
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")


@dataclass(frozen=True)
class Scale:
    """A stretch of time, in Unix seconds, laid between two places on the page."""

    start: float
    end: float
    left: float
    right: float

    def x(self, time: float) -> float:
        """The place of `time`, held inside the scale."""
        share = (time - self.start) / (self.end - self.start)
        return self.left + min(1.0, max(0.0, share)) * (self.right - self.left)

    def shows(self, start: float, end: float) -> bool:
        """Whether anything of [start, end] lies on the scale."""
        return end >= self.start and start <= self.end


@dataclass(frozen=True)
class Clock:
    """Local time in one zone."""

    zone: tzinfo
    name: str

    @classmethod
    def of(cls, name: str) -> "Clock":
        """The clock of an IANA zone or an offset such as `+08:00`; UTC for a zone that this machine does not know."""
        if match := _OFFSET.fullmatch(name):
            sign = -1 if match[1] == "-" else 1
            shift = sign * timedelta(hours=int(match[2]), minutes=int(match[3]))
            if abs(shift) < timedelta(days=1):
                return cls(timezone(shift), name)
        try:
            return cls(ZoneInfo(name), name)
        except (KeyError, ValueError, OSError):  # ZoneInfo lets all three out for a hostile name
            return cls(UTC, "UTC")

    def at(self, time: float) -> datetime:
        """Local time of `time`; far outside the calendar it is the calendar's edge."""
        bounded = min(max(time, -60_000_000_000.0), 250_000_000_000.0)  # the years 69 and 9892: room for any offset
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=bounded)).astimezone(self.zone)

    def date(self, time: float) -> str:
        """2025-03-14"""
        moment = self.at(time)
        return f"{moment.year:04d}-{moment.month:02d}-{moment.day:02d}"

    def time(self, time: float) -> str:
        """08:00:00, to the millisecond where the moment is not a whole second: 08:00:00.25."""
        whole, thousandths = divmod(round(time * 1000), 1000)
        return f"{self.at(whole):%H:%M:%S}" + (f".{thousandths:03d}".rstrip("0") if thousandths else "")

    def between(self, start: float, end: float) -> str:
        """08:00:00–08:05:00, with the second date where it differs."""
        other = "" if self.date(start) == self.date(end) else f"{self.date(end)} "
        return f"{self.time(start)}–{other}{self.time(end)}"

    def shift(self, time: float) -> float:
        """Seconds by which local time is ahead of UTC."""
        return (self.at(time).utcoffset() or timedelta()).total_seconds()

    def offset(self, time: float) -> str:
        """UTC+08:00"""
        minutes = round(self.shift(time) / 60)
        return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def ticks(scale: Scale, clock: Clock, room: float = 78) -> Iterator[tuple[float, str, bool]]:
    """Unix seconds, label and whether a day begins, at round local times at least `room` apart on the page."""
    least = (scale.end - scale.start) * room / (scale.right - scale.left)
    step = next((step for step in STEPS if step >= least), STEPS[-1])
    shift = clock.shift(scale.start)
    first = math.ceil((scale.start + shift) / step) * step - shift
    for count in range(int((scale.end - first) // step) + 1):
        time = first + count * step
        moment = clock.at(time)
        midnight = moment.hour == moment.minute == moment.second == 0
        yield (
            time,
            clock.date(time) if midnight else f"{moment:%H:%M}" if step >= 60 else f"{moment:%H:%M:%S}",
            midnight,
        )


def duration(seconds: float, lang: str) -> str:
    """A length in words: 2 d 3 h, 1 h 12 min, 1 min 14 s, 2.05 s."""
    whole, minutes = round(seconds), round(seconds / 60)
    if seconds < 10:
        parts = [("seconds", f"{seconds:.2f}".rstrip("0").rstrip("."))]
    elif whole < 3600:
        parts = [("minutes", whole // 60), ("seconds", whole % 60)]
    elif minutes < 48 * 60:
        parts = [("hours", minutes // 60), ("minutes", minutes % 60)]
    else:
        parts = [("days", minutes // 1440), ("hours", minutes % 1440 // 60)]
    told = [part for part in parts if part[1]] or parts[-1:]
    return " ".join(language.text(f"picture.{unit}", lang, count=count) for unit, count in told)


def stopwatch(seconds: float) -> str:
    """A length for a column of figures: 00:41:12."""
    whole = round(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
