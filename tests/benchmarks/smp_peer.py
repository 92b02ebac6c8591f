"""Both ends of an SMP download for a benchmark; runs where `smpclient[serial]` is installed.

`serve DESCRIPTOR FILE KIND`: a small server that knows two requests (parameters, file download), with the definitions
of the `smp` package. `download PORT TARGET KIND`: smpclient's own download. KIND is `console` (base64 in lines, buffers
of 384 bytes: Zephyr's default) or `cobs` (COBS and CRC-16, buffers of 4,096: the best that smpclient can be given).
"""

# It runs where these are, which is not where the types are checked.
# pyright: reportMissingImports=false

import asyncio
import os
import select
import sys
from collections.abc import Iterator
from pathlib import Path

from smp import packet
from smp.file_management import FileDownloadRequest, FileDownloadResponse
from smp.header import CommandId, GroupId, Header
from smp.os_management import MCUMgrParametersReadResponse
from smpclient import SMPClient
from smpclient.transport.serial import Cobs, SMPSerialRawTransport, SMPSerialTransport

BUFFERS = {"console": 384, "cobs": 4096}
AROUND = 40  # bytes of an answer that are no data: header, names, offset, lengths


def frames(descriptor: int, kind: str) -> Iterator[bytes]:
    """The requests that come in, for ever; what is damaged is dropped."""
    cobs = Cobs()
    lines = bytearray()
    decoder = None
    while True:
        select.select([descriptor], [], [])
        data = os.read(descriptor, 4096)
        if kind == "cobs":
            cobs.feed(data)
            while (message := cobs.take()) is not None:
                yield bytes(message)
            continue
        lines += data
        while (end := lines.find(b"\n")) >= 0:
            line, lines = bytes(lines[: end + 1]), lines[end + 1 :]
            try:
                if line.startswith(packet.START_DELIMITER) or decoder is None:
                    decoder = packet.decode()
                    next(decoder)
                decoder.send(line)
            except StopIteration as whole:
                decoder = None
                yield whole.value
            except Exception:
                decoder = None


def serve(descriptor: int, file: Path, kind: str) -> None:
    """Answers until it is killed."""
    data = file.read_bytes()
    size = BUFFERS[kind]
    for frame in frames(descriptor, kind):
        try:
            header = Header.loads(frame[: Header.SIZE])
            if header.group_id == GroupId.OS_MANAGEMENT:
                assert header.command_id == CommandId.OSManagement.MCUMGR_PARAMETERS
                answer = MCUMgrParametersReadResponse(sequence=header.sequence, buf_size=size, buf_count=4)
            else:
                offset = FileDownloadRequest.loads(frame).off
                part = data[offset : offset + size - AROUND]
                whole = {"len": len(data)} if offset == 0 else {}
                answer = FileDownloadResponse(sequence=header.sequence, off=offset, data=part, **whole)
        except Exception:
            continue
        raw = answer.BYTES
        out = b"".join(Cobs().encode(raw) if kind == "cobs" else packet.encode(raw, line_length=128))
        while out:
            out = out[os.write(descriptor, out) :]


async def download(port: str, target: Path, kind: str) -> None:
    """smpclient's own, as a user would call it."""
    cobs = kind == "cobs"
    transport = SMPSerialRawTransport(mtu=BUFFERS[kind], framing=Cobs()) if cobs else SMPSerialTransport()
    async with SMPClient(transport, port) as client:
        target.write_bytes(await client.download_file("/media.bin"))


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
    else:
        asyncio.run(download(sys.argv[2], Path(sys.argv[3]), sys.argv[4]))
