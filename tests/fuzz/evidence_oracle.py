"""A card's image and a store whose bytes were edited: reading ends, and nothing that was changed is verified.

Specification: "The card", "The archive" and "Verification of a chain". CPython only: these are the host's readers.
"""

from __future__ import annotations

import binascii
import io
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from support.fat32 import fat32_image
from support.forge import Host, shift, write_card

from evidock.errors import EvidockError
from evidock.verification import verify
from evidock.verification.card_reader import CardReader
from evidock.verification.fat32 import Volume
from evidock.verification.reader import Listed
from evidock.verification.sequence import items


@cache
def _folder() -> Path:
    return Path(mkdtemp(prefix="evidock-fuzz-"))


@cache
def _card_image() -> tuple[bytes, tuple[int, ...]]:
    """An image of a small card, and where its tables and folders begin: damage anywhere else is a file's own."""
    host = Host()
    recorder = host.recorder()
    recorder.booted()
    recorder.start()
    recorder.segment(0.02)
    recorder.stop()
    image = fat32_image(write_card(_folder() / "card", recorder), False)
    data = (32 + 600) * 512
    folders = [place for place in range(data, len(image), 512) if image[place + 32 : place + 37] == b"LABEL"]
    return image, (0, 32 * 512, *folders)


def card_image(data: bytes) -> None:
    """Edits of an image's boot sector, table and folders, three bytes each: reading ends, within the image's size."""
    image, places = _card_image()
    edited = bytearray(image)
    for at in range(0, min(len(data), 96) - 2, 3):
        place = places[data[at] % len(places)] + (data[at] // len(places) % 2) * 256 + data[at + 1]
        edited[place] = data[at + 2]
    try:
        volume = Volume(io.BytesIO(edited), "card")
        count = _walk(volume, "", 4)
        reader = CardReader(Volume(io.BytesIO(edited), "card"), "EVIDOCK/")
        for device in reader.devices():
            stream = reader.journal(device)
            if stream is not None:
                for item in items(stream):
                    assert item.length > 0
            for _lying in reader.stray(device):
                count += 1
    except EvidockError:
        return
    assert count < 1 << 20


def _walk(volume: Volume, folder: str, depth: int) -> int:
    """Names and bytes below a folder. A folder that holds itself is followed no deeper than a card goes."""
    count = 0
    listed: list[Listed] = volume.names(folder)
    for name, kind in listed[:64]:
        count += 1
        path = f"{folder}/{name}" if folder else name
        if kind == "folder" and depth:
            count += _walk(volume, path, depth - 1)
        elif kind == "file":
            stream = volume.open(path)
            if stream is not None:
                count += len(stream.read(1 << 16)) // 4096
                stream.seek(0, 2)
    return count


@cache
def _store() -> tuple[Host, Path, tuple[Path, ...], tuple[bytes, ...]]:
    host = Host()
    folder = host.write(_folder() / "store", shift(host, leaf_size=4096))
    chosen = ("journal.cbs", "heads.cbs", "private.cbs", "receipts.cbs", "custody.cbs", "host.cert")
    files = tuple(sorted(path for path in folder.rglob("*") if path.name in chosen or path.suffix == ".wav"))
    return host, folder, files, tuple(path.read_bytes() for path in files)


def store(data: bytes) -> None:
    """Edits of a store, six bytes each: another verdict than of whole evidence, and no error but the package's own."""
    host, folder, files, before = _store()
    contents = [bytearray(one) for one in before]
    for at in range(0, min(len(data), 60) - 5, 6):
        content = contents[data[at] % len(files)]
        place = int.from_bytes(data[at + 2 : at + 5], "big") % (len(content) + 1)
        how, value = data[at + 1] % 4, data[at + 5]
        if how == 0 and place < len(content):
            content[place] ^= value
        elif how == 1:
            content[place:place] = bytes([value]) * (1 + data[at + 1] // 4)
        elif how == 2:
            del content[place : place + 1 + value]
        else:
            content[place : place + 8] = binascii.crc32(data[at : at + 6]).to_bytes(8, "big")
    changed = [place for place in range(len(files)) if bytes(contents[place]) != before[place]]
    try:
        for place in changed:
            files[place].write_bytes(contents[place])
        report = verify(folder, trust=[host.pin])
    except EvidockError:
        return
    finally:
        for place in changed:
            files[place].write_bytes(before[place])
    harmless = all(_is_harmless(files[place], bytes(contents[place]), before[place]) for place in changed)
    assert harmless or report.verdict.exit_status != 0, [finding.text for finding in report.findings]


def _is_harmless(path: Path, after: bytes, before: bytes) -> bool:
    """The certificate stands in the custody chain too, and the recorder sealed every receipt into its journal."""
    return path.name == "host.cert" or (path.name == "receipts.cbs" and before.startswith(after))
