"""The host's process of a benchmark: docks what is on the port it is told, and prints what that took as one JSON line.

Its argument is JSON: `port`, `store`, and what `evidock.sync` shall be given (`chunk`, `patience`). With `profile`, the
path of a file, it writes a profile of its main thread there.
"""

import contextlib
import cProfile
import json
import resource
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from evidock import client, docking
from evidock import media as kept_media
from evidock.errors import EvidockError
from evidock.store import Store


def processor() -> float:
    """Seconds of processor time of this process, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def waited() -> float:
    """Seconds for which a thread of this process could run and had no processor; 0 where the system does not tell."""
    total = 0
    for file in Path("/proc/self/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):
            total += int(file.read_text().split()[1])
    return total / 1e9


class Watch:
    """Follows one docking: when its media began and ended, and which leaves were written more than once."""

    def __init__(self) -> None:
        self.before = self.first = self.last = (time.monotonic(), 0, 0, processor())
        self.media = False
        self.event: Any = None

    def __call__(self, event: Any) -> None:
        now = (time.monotonic(), getattr(event, "received", 0), event.done, processor())
        self.event = event
        if event.phase == "media":
            if not self.media:
                self.media = True
                self.first = self.before
            self.last = now
        elif not self.media:
            self.before = (now[0], now[1], 0, now[3])


def watch_leaves() -> Counter[tuple[str, int]]:
    """Counts how often each verified leaf is put in its place."""
    written: Counter[tuple[str, int]] = Counter()
    original = kept_media.PartialFile.write_leaf

    def write_leaf(self: Any, index: int, data: bytes | bytearray) -> None:
        written[str(self.path), index] += 1
        original(self, index, data)

    kept_media.PartialFile.write_leaf = write_leaf
    return written


def main() -> None:
    """Docks and prints."""
    asked = json.loads(sys.argv[1])
    options = {name: asked[name] for name in ("chunk", "patience") if asked.get(name) is not None}
    watch, written = Watch(), watch_leaves()
    profile = cProfile.Profile() if asked.get("profile") else None
    found: dict[str, Any] = {"error": None, "bytes": 0}
    begun, used, before = time.monotonic(), processor(), waited()
    if profile:
        profile.enable()
    try:
        with Store(Path(asked["store"])) as store, client.connect(asked["port"], store) as recorder:
            result = docking.sync(recorder, store, watch, **options)
        found.update(bytes=result.bytes, entries=result.entries, receipted=len(result.receipted))
        found.update({name: getattr(result, name, 0) for name in ("reopened", "lost", "mended")})
    except EvidockError as error:
        found["error"] = str(error)
    if profile:
        profile.disable()
        profile.dump_stats(asked["profile"])
    first, last = watch.first, watch.last
    journals = Path(asked["store"]).rglob("journal.cbs")
    found.update(
        seconds=time.monotonic() - begun,
        processor=processor() - used,
        waited=waited() - before,
        media_seconds=last[0] - first[0],
        media_received=last[1] - first[1],
        media_done=last[2] - first[2],
        media_processor=last[3] - first[3],
        received=getattr(watch.event, "received", 0),
        journal=sum(path.stat().st_size for path in journals),
        twice=sum(count - 1 for count in written.values()),
        leaves=len(written),
    )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
