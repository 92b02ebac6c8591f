"""What every implementation of the agent's ports must do. Runs on MicroPython and CPython: `ports.py` says it in words.

A check takes a rig: `boot()` gives a fresh set of ports over the same flash and card, and what they stand on.
"""

SECTOR = 4096
PAGE = 256
WRAP = 1 << 30


def fails(call, *arguments) -> bool:
    """Whether a call raises OSError."""
    try:
        call(*arguments)
    except OSError:
        return True
    return False


def read(region, offset: int, length: int) -> bytes:
    buffer = bytearray(length)
    region.read_into(offset, memoryview(buffer))
    return bytes(buffer)


def check_flash_starts_erased_and_keeps_what_was_programmed(rig):
    for name in ("identity_flash", "key_flash", "journal_flash", "anchor_flash"):
        region = getattr(rig.boot(), name)
        assert region.sectors >= 1
        end = region.sectors * SECTOR
        assert read(region, 0, PAGE) == read(region, end - PAGE, PAGE) == b"\xff" * PAGE
        region.program(0, b"first " + name.encode())
        region.program(end - 4, b"last")
        again = getattr(rig.boot(), name)
        assert read(again, 0, 6 + len(name)) == b"first " + name.encode()
        assert read(again, end - 4, 4) == b"last"


def check_programming_clears_bits_only(rig):
    region = rig.boot().key_flash
    region.program(16, b"\xf0\x0f")
    region.program(16, b"\xf0\x0f")
    region.program(16, b"\x00\x0f")
    assert fails(region.program, 16, b"\x01\x0f")
    assert fails(region.program, 17, b"\x1f")
    assert read(region, 15, 4) == b"\xff\x00\x0f\xff"
    region.program(0, bytes(PAGE))
    assert read(region, 0, PAGE) == bytes(PAGE)


def check_programming_stays_in_one_page(rig):
    region = rig.boot().journal_flash
    assert fails(region.program, PAGE - 1, b"ab")
    assert fails(region.program, 0, bytes(PAGE + 1))
    assert fails(region.program, region.sectors * SECTOR, b"a")
    assert fails(region.program, -1, b"a")
    assert read(region, 0, 2 * PAGE) == b"\xff" * 2 * PAGE
    region.program(PAGE - 2, b"ab")
    region.program(PAGE, b"\x55" * PAGE)
    assert read(region, PAGE - 2, 3) == b"ab\x55"


def check_erasing_sets_one_sector(rig):
    region = rig.boot().journal_flash
    for sector in range(3):
        region.program(sector * SECTOR, b"head")
        region.program((sector + 1) * SECTOR - 4, b"tail")
    region.erase(1)
    assert read(region, SECTOR, SECTOR) == b"\xff" * SECTOR
    for sector in (0, 2):
        assert read(region, sector * SECTOR, 4) == b"head"
        assert read(region, (sector + 1) * SECTOR - 4, 4) == b"tail"
    assert fails(region.erase, region.sectors)
    assert fails(region.erase, -1)


def check_regions_of_flash_are_apart(rig):
    board = rig.boot()
    for region in (board.identity_flash, board.key_flash, board.journal_flash, board.anchor_flash):
        for sector in range(region.sectors):
            assert read(region, sector * SECTOR, SECTOR) == b"\xff" * SECTOR
            region.program(sector * SECTOR, b"taken")


def check_card_files(rig):
    card = rig.boot().card
    assert card.present()
    assert card.mount()
    free, total = card.space()
    assert 0 < free <= total
    assert card.size("NONE.BIN") is None
    assert card.names("NONE") == []
    card.make_folder("A")
    card.make_folder("A")
    card.make_folder("A/B")
    assert card.size("A") is None
    with card.open("A/B/ONE.BIN", "wb") as file:
        assert file.write(b"hello") == 5
        assert file.write(memoryview(b" world")) == 6
    assert card.size("A/B/ONE.BIN") == 11
    with card.open("A/B/ONE.BIN", "ab") as file:
        file.write(b"!")
    with card.open("A/B/ONE.BIN", "r+b") as file:
        file.write(b"J")
        file.seek(4)
        file.write(b"y")
        file.seek(0)
        assert file.read(3) == b"Jel"
        buffer = bytearray(4)
        assert file.readinto(buffer) == 4
        assert bytes(buffer) == b"ly w"
        assert file.read() == b"orld!"
        assert file.read(1) == b""
    with card.open("A/B/ONE.BIN", "rb") as file:
        assert file.read(100) == b"Jelly world!"
    with card.open("A/B/ONE.BIN", "wb") as file:
        file.write(b"x")
    assert card.size("A/B/ONE.BIN") == 1
    with card.open("A/B/NEW.BIN", "ab") as file:
        file.write(b"new")
    assert sorted(card.names("A/B")) == ["NEW.BIN", "ONE.BIN"]
    card.remove("A/B/ONE.BIN")
    card.remove("A/B/ONE.BIN")
    assert card.names("A/B") == ["NEW.BIN"]
    card.rename("A/B/NEW.BIN", "A/B/OLD.BIN")
    assert card.names("A/B") == ["OLD.BIN"]
    assert fails(card.open, "A/B/NEW.BIN", "rb")
    assert fails(card.open, "C/NEW.BIN", "wb")


def check_several_files_are_open_at_once(rig):
    card = rig.boot().card
    card.mount()
    files = [card.open(name, "wb") for name in ("A.BIN", "B.BIN", "C.BIN")]
    for step in range(40):
        for number in range(3):
            files[number].write(bytes((number,)) * (100 + step))
            if step % 7 == number:
                files[number].flush()
    for file in files:
        file.close()
    for number, name in ((0, "A.BIN"), (1, "B.BIN"), (2, "C.BIN")):
        with card.open(name, "rb") as file:
            assert file.read() == bytes((number,)) * sum(100 + step for step in range(40))


def check_what_was_flushed_survives_a_power_cut(rig):
    board = rig.boot()
    board.card.mount()
    board.card.make_folder("F")
    file = board.card.open("F/KEPT.BIN", "wb")
    kept = b"k" * 5000
    file.write(kept)
    file.flush()
    file.write(b"lost" * 2000)
    rig.cut(board)
    assert fails(file.flush)
    card = rig.boot().card
    assert card.mount()
    size = card.size("F/KEPT.BIN")
    assert size is not None
    assert size >= len(kept)
    with card.open("F/KEPT.BIN", "rb") as file:
        assert file.read(len(kept)) == kept


def check_closing_makes_durable(rig):
    board = rig.boot()
    board.card.mount()
    with board.card.open("CLOSED.BIN", "wb") as file:
        file.write(b"c" * 700)
    rig.cut(board)
    card = rig.boot().card
    assert card.mount()
    assert card.size("CLOSED.BIN") == 700


def check_nothing_happens_without_power(rig):
    board = rig.boot()
    board.card.mount()
    file = board.card.open("A.BIN", "wb")
    rig.cut(board)
    assert fails(board.journal_flash.program, 0, b"x")
    assert fails(board.journal_flash.erase, 0)
    assert fails(board.card.open, "B.BIN", "wb")
    assert fails(file.write, b"x" * 5000)
    assert board.link.write(memoryview(b"x")) == 0
    again = rig.boot()
    assert read(again.journal_flash, 0, 1) == b"\xff"
    again.card.mount()
    assert again.card.size("B.BIN") is None


def check_a_card_that_is_pulled(rig):
    board = rig.boot()
    board.card.mount()
    file = board.card.open("A.BIN", "wb")
    file.write(b"x" * 600)
    rig.pull_card()
    assert not board.card.present()
    assert not board.card.mount()
    assert fails(board.card.space)
    assert fails(file.write, b"x" * 5000) or fails(file.flush)
    assert fails(board.card.open, "B.BIN", "wb")
    rig.put_card()
    assert board.card.present()
    assert fails(board.card.open, "B.BIN", "wb")  # not before it is mounted
    assert board.card.mount()
    with board.card.open("B.BIN", "wb") as other:
        other.write(b"back")
    assert board.card.size("B.BIN") == 4
    board.card.unmount()
    assert fails(board.card.size, "B.BIN")


def check_a_full_card(rig):
    board = rig.boot()
    board.card.mount()
    with board.card.open("A.BIN", "wb") as file:
        file.write(b"before")
    rig.slot.full = True
    assert board.card.space()[0] == 0

    def write() -> None:
        with board.card.open("A.BIN", "ab") as file:
            file.write(b"more" * 2000)

    assert fails(write)
    rig.slot.full = False
    write()
    assert board.card.size("A.BIN") == 8006


def check_a_stall_takes_time(rig):
    board = rig.boot()
    board.card.mount()
    before = board.clock.ticks_ms()
    rig.slot.stall_ms = 1500
    with board.card.open("A.BIN", "wb") as file:
        file.write(b"x" * 5000)
        file.flush()
    assert (board.clock.ticks_ms() - before) % WRAP == 1500


def check_ticks_wrap_after_ten_minutes(rig):
    board = rig.boot()
    first = board.clock.ticks_ms()
    assert first == WRAP - 600_000
    rig.clock.now += 599_999
    assert board.clock.ticks_ms() == WRAP - 1
    rig.clock.now += 1
    assert board.clock.ticks_ms() == 0


def check_the_wall_clock(rig):
    board = rig.boot()
    start = board.clock.unix_ms()
    assert start is not None
    rig.clock.now += 1234
    assert board.clock.unix_ms() == start + 1234
    board.clock.set_unix_ms(1_800_000_000_000)
    rig.clock.now += 6
    assert board.clock.unix_ms() == 1_800_000_000_006
    rig.clock.wall = None
    assert board.clock.unix_ms() is None
    board.clock.set_unix_ms(1_800_000_000_000)
    assert board.clock.unix_ms() == 1_800_000_000_000


def check_capture_gives_what_time_allows(rig):
    board = rig.boot()
    capture = board.capture
    assert capture.bits == 16
    frame = 2 * capture.channels
    buffer = memoryview(bytearray(1 << 16))
    assert capture.readinto(buffer) == 0
    capture.start()
    assert capture.readinto(buffer) == 0
    rig.clock.now += 250
    assert capture.readinto(buffer[:3]) == 3 // frame * frame
    count = capture.readinto(buffer[: 7 * frame])
    assert count == 7 * frame
    rest = capture.readinto(buffer)
    assert rest + count + 3 // frame * frame == capture.rate // 4 * frame
    rig.clock.now += 100
    capture.stop()
    rig.clock.now += 1000
    assert capture.readinto(buffer) == capture.rate // 10 * frame
    assert capture.readinto(buffer) == 0
    assert capture.lost() == 0


def check_capture_counts_what_it_lost(rig):
    capture = rig.boot().capture
    frame = 2 * capture.channels
    buffer = memoryview(bytearray(1 << 17))
    capture.start()
    rig.clock.now += 3000
    lost = capture.lost()
    count = capture.readinto(buffer)
    assert lost > 0
    assert count // frame + lost == 3 * capture.rate
    rig.clock.now += 100
    capture.readinto(buffer)
    assert capture.lost() == lost
    capture.start()
    assert capture.lost() == 0


def one_picture(camera, room: int = 64) -> bytes:
    """The next picture, read in parts of `room` bytes; b"" when none is ready."""
    length = camera.next()
    buffer = memoryview(bytearray(room))
    data = b""
    while True:
        count = camera.readinto(buffer)
        if not count:
            break
        data += bytes(buffer[:count])
    assert len(data) == length
    return data


def check_camera_gives_whole_pictures_as_time_allows(rig):
    camera = rig.boot().camera
    period = 1000 // camera.rate
    assert camera.width > 0 < camera.height
    assert camera.next() == 0
    camera.start()
    assert camera.next() == 0
    seen = []
    for _ in range(20):
        rig.clock.now += period
        data = one_picture(camera, 7 + len(seen) * 50)
        assert data[:2] == b"\xff\xd8"
        assert data[-2:] == b"\xff\xd9"
        seen.append(data)
        assert camera.next() == 0
        assert camera.readinto(memoryview(bytearray(8))) == 0
    assert len(set(seen)) == 20
    assert camera.lost() == 0
    rig.clock.now += 2 * period
    camera.stop()
    rig.clock.now += 1000
    assert camera.next() > 0
    assert camera.readinto(memoryview(bytearray(5))) == 5  # what is left of it is dropped
    assert one_picture(camera)[:2] == b"\xff\xd8"
    assert camera.next() == 0
    camera.start()
    assert camera.next() == 0


def check_camera_counts_what_it_lost(rig):
    camera = rig.boot().camera
    camera.start()
    rig.clock.now += 10_000
    lost = camera.lost()
    count = 0
    while camera.next():
        count += 1
    assert count > 0 < lost
    assert count + lost == 10 * camera.rate
    rig.clock.now += 1000 // camera.rate
    assert camera.next() > 0
    assert camera.lost() == lost
    camera.start()
    assert camera.lost() == 0


def check_camera_that_does_not_start(rig):
    camera = rig.boot().camera
    rig.break_camera("dead")
    assert fails(camera.start)
    assert camera.next() == 0
    rig.break_camera("")
    camera.start()
    rig.clock.now += 1000 // camera.rate
    assert camera.next() > 0


def check_camera_that_gives_half_a_picture(rig):
    camera = rig.boot().camera
    camera.start()
    rig.break_camera("half")
    rig.clock.now += 2000 // camera.rate
    cut = one_picture(camera)
    assert cut[:2] == b"\xff\xd8"
    assert cut[-2:] != b"\xff\xd9"
    assert one_picture(camera)[-2:] == b"\xff\xd9"


def check_camera_that_stalls(rig):
    camera = rig.boot().camera
    camera.start()
    rig.clock.now += 1000 // camera.rate
    rig.break_camera("stall")
    length = camera.next()
    buffer = memoryview(bytearray(1 << 16))
    count = camera.readinto(buffer)
    assert 0 < count < length
    rig.clock.now += 5000
    assert camera.readinto(buffer) == 0
    assert camera.next() == 0
    rig.break_camera("")
    assert camera.lost() > 0
    assert one_picture(camera)[-2:] == b"\xff\xd9"


def check_camera_that_freezes(rig):
    camera = rig.boot().camera
    camera.start()
    rig.clock.now += 1000
    while camera.next():
        pass
    rig.break_camera("freeze")
    assert camera.next() == 0
    lost = camera.lost()
    rig.clock.now += 5000
    assert camera.next() == 0
    assert camera.lost() == lost
    rig.break_camera("")
    assert camera.next() == 0
    rig.clock.now += 2000 // camera.rate
    assert camera.next() > 0 < camera.next()
    assert camera.next() == 0
    assert camera.lost() == lost


def check_camera_that_changes_its_size(rig):
    camera = rig.boot().camera
    camera.start()
    rig.clock.now += 4000 // camera.rate
    pictures = [one_picture(camera)]
    rig.break_camera("resize")
    pictures += [one_picture(camera, 8), one_picture(camera)]
    rig.break_camera("")
    pictures.append(one_picture(camera))
    sizes = [data[7] * 256 + data[8] for data in pictures]
    assert sizes == [camera.height, camera.height // 2, camera.height // 2, camera.height]


def encode(rig, board, milliseconds: int, path: str = "A.MP4") -> None:
    """A file of so many milliseconds, ended; not closed yet."""
    board.card.mount()
    board.encoder.begin(path)
    rig.pass_time(board, milliseconds)
    assert not board.encoder.closed(path)
    board.encoder.end()
    assert not board.encoder.closed(path)


def check_encoder_writes_as_time_passes_and_closes(rig):
    board = rig.boot()
    encoder = board.encoder
    assert encoder.media == 3
    assert encoder.tracks == 3
    assert not encoder.closed("A.MP4")
    encode(rig, board, 40_000)
    encoder.begin("B.MP4")
    rig.pass_time(board, 3000)
    assert encoder.closed("A.MP4")
    assert not encoder.closed("B.MP4")
    assert encoder.written("A.MP4") == 40 * encoder.rate
    size = board.card.size("A.MP4")
    with board.card.open("A.MP4", "rb") as file:
        data = file.read()
    assert len(data) == size > 10_000
    assert data[4:8] == b"ftyp"
    encoder.end()
    rig.pass_time(board, 3000)
    assert encoder.closed("A.MP4")
    assert encoder.closed("B.MP4")
    assert board.card.size("A.MP4") == size > board.card.size("B.MP4") > 0
    assert encoder.written("B.MP4") == 3 * encoder.rate
    assert encoder.written("C.MP4") == 0


def check_encoder_copies_a_plain_file_whole(rig):
    board = rig.boot_with_plain_clip()
    assert board.encoder.media == 4
    encode(rig, board, 300, "A.BIN")
    assert board.encoder.written("A.BIN") == 0
    rig.pass_time(board, 3000)
    assert board.encoder.closed("A.BIN")
    with board.card.open("A.BIN", "rb") as file:
        assert file.read() == bytes(range(256)) * 500 + b"end"


def check_encoder_that_does_not_answer(rig):
    board = rig.boot()
    board.card.mount()
    rig.break_encoder("dead")
    assert fails(board.encoder.begin, "A.MP4")
    rig.pass_time(board, 1000)
    assert board.card.size("A.MP4") is None


def check_encoder_that_leaves_its_file_open(rig):
    board = rig.boot()
    rig.break_encoder("leave_open")
    encode(rig, board, 2000)
    rig.pass_time(board, 60_000)
    assert not board.encoder.closed("A.MP4")


def check_encoder_that_renames_its_file(rig):
    board = rig.boot()
    rig.break_encoder("rename")
    encode(rig, board, 2000)
    rig.pass_time(board, 3000)
    assert board.encoder.closed("A.MP4")
    assert board.card.size("A.MP4") is None


def check_encoder_that_writes_nothing(rig):
    board = rig.boot()
    rig.break_encoder("empty")
    encode(rig, board, 2000)
    rig.pass_time(board, 3000)
    assert board.encoder.closed("A.MP4")
    assert board.card.size("A.MP4") == 0


def check_encoder_that_writes_on(rig):
    board = rig.boot()
    rig.break_encoder("write_on")
    encode(rig, board, 2000)
    rig.pass_time(board, 3000)
    assert board.encoder.closed("A.MP4")
    before = board.card.size("A.MP4")
    rig.pass_time(board, 1000)
    assert board.card.size("A.MP4") > before


def check_encoder_that_fills_the_card(rig):
    board = rig.boot()
    rig.break_encoder("fill")
    board.card.mount()
    board.encoder.begin("A.MP4")
    rig.pass_time(board, 300_000)
    assert board.card.space()[0] == 0
    board.encoder.end()
    rig.pass_time(board, 3000)
    assert not board.encoder.closed("A.MP4")


def check_encoder_without_a_card_or_power(rig):
    board = rig.boot()
    board.card.mount()
    board.encoder.begin("A.MP4")
    rig.pass_time(board, 2000)
    rig.pull_card()
    rig.pass_time(board, 2000)
    board.encoder.end()
    rig.put_card()
    board.card.mount()
    rig.pass_time(board, 3000)
    assert not board.encoder.closed("A.MP4")
    board.encoder.begin("B.MP4")
    rig.pass_time(board, 2000)
    rig.cut(board)
    rig.pass_time(board, 2000)
    again = rig.boot()
    assert not again.encoder.closed("B.MP4")


def check_small_ports(rig):
    board = rig.boot()
    assert 0 <= board.battery.percent() <= 100
    assert 2500 < board.battery.millivolts() < 4500
    assert -400 < board.temperature() < 1000
    assert board.docked() is False
    assert board.buttons.poll() == 0
    board.buttons.press(2)
    board.buttons.press(1)
    assert [board.buttons.poll() for _ in range(3)] == [2, 1, 0]
    board.indicator.show(3)
    assert board.indicator.state == 3
    board.watchdog.feed()
    assert len(board.firmware) == 32
    assert board.model
    assert board.protection == 1
    assert board.boot_counter is None
    board.power_off()
    assert board.off


def check_randomness_differs_from_boot_to_boot(rig):
    seen = set()
    for _ in range(3):
        random = rig.boot().random
        assert random.source == 4
        for length in (32, 1, 33, 16):
            buffer = bytearray(length)
            random.fill(buffer)
            if length > 1:
                assert bytes(buffer) not in seen
                seen.add(bytes(buffer))


def check_link(rig):
    link = rig.boot().link
    buffer = memoryview(bytearray(100))
    assert link.read(buffer) == 0
    assert link.write(memoryview(b"\x00\x03\x04\x0a\x0d\x11\x13\x1a\xff")) == 9
    assert rig.host_read() == b"\x00\x03\x04\x0a\x0d\x11\x13\x1a\xff"
    rig.host_write(b"\x00\x03\x04\x0a\x0d\x11\x13\x1a\xff")
    assert link.read(buffer[:4]) == 4
    assert link.read(buffer[4:]) == 5
    assert bytes(buffer[:9]) == b"\x00\x03\x04\x0a\x0d\x11\x13\x1a\xff"


def check_link_never_waits(rig):
    link = rig.boot().link
    sent = 0
    chunk = memoryview(bytes(range(256)) * 16)
    for _ in range(1000):
        count = link.write(chunk)
        sent += count
        if count < len(chunk):
            break
    else:
        raise AssertionError("a line without end")
    assert link.write(chunk) in range(len(chunk))
    got = 0
    while True:
        data = rig.host_read()
        if not data:
            break
        got += len(data)
    assert got >= sent
    assert link.write(memoryview(b"again")) == 5


CHECKS = sorted(name for name in globals() if name.startswith("check_"))
