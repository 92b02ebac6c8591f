"""Draws the street that goes with patrol-en-zh.wav: patrol.avi (MJPEG) and patrol.mp4, with what is said as captions.

Needs ffmpeg with libx264, libass and the fonts that README.md names: `python make_patrol_pictures.py [FOLDER]`.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
WIDTH, HEIGHT = 320, 240
RATE = 4  # pictures per second
SECONDS = 29  # as long as the speech
LOOP_SECONDS = 32  # of the MP4: 500 whole AAC frames at 16 kHz, so that it can be repeated without a seam
HORIZON = 120
FONT = "Noto Sans CJK SC"

CAPTIONS = [  # seconds at which the sentence ends, and the sentence
    (1.07, "Recorder on."),
    (3.27, "It is nine forty-two in the evening."),
    (6.31, "Unit seven, on foot, in Station Road."),
    (9.44, "A red car is parked across the pedestrian crossing."),
    (12.62, "The driver has been told that he is being recorded."),
    (15.68, "现在是二十一点四十二分。"),
    (19.55, "我们是交通警察,正在执法记录。"),
    (23.18, "请出示您的驾驶证和行驶证。"),
    (26.41, "您的车停在了人行横道上。"),
    (29.00, "请您核对以后签名。"),
]

NIGHT, ROAD, KERB, WHITE = (22, 28, 52), (58, 60, 66), (120, 118, 112), (214, 214, 206)
# Left edge, height, width and colour; multiples of a JPEG block keep the file small.
HOUSES = [
    (0, 72, 48, (52, 48, 60)),
    (48, 88, 56, (66, 56, 54)),
    (104, 56, 40, (44, 54, 66)),
    (144, 80, 64, (60, 52, 50)),
    (208, 64, 48, (50, 58, 58)),
    (256, 88, 64, (64, 58, 68)),
]
LIT = (236, 204, 120)


class Picture:
    """An RGB picture that is drawn upon."""

    def __init__(self, pixels: bytes | bytearray = bytes(3 * WIDTH * HEIGHT)):
        self.pixels = bytearray(pixels)

    def box(self, left: float, top: float, width: float, height: float, colour: tuple[int, int, int]) -> None:
        """A filled rectangle, cut at the edges."""
        first, end = max(0, round(left)), min(WIDTH, round(left + width))
        row = bytes(colour) * max(0, end - first)
        for y in range(max(0, round(top)), min(HEIGHT, round(top + height))):
            at = 3 * (y * WIDTH + first)
            self.pixels[at : at + len(row)] = row

    def disc(self, x: float, y: float, radius: float, colour: tuple[int, int, int]) -> None:
        """A filled circle."""
        for step in range(-round(radius), round(radius) + 1):
            half = max(0.0, radius * radius - step * step) ** 0.5
            self.box(x - half, y + step, 2 * half, 1, colour)


def street() -> Picture:
    """What does not move."""
    picture = Picture()
    picture.box(0, 0, WIDTH, HORIZON, NIGHT)
    picture.disc(286, 40, 9, (226, 226, 200))
    for left, height, width, colour in HOUSES:
        picture.box(left, HORIZON - height, width, height, colour)
        picture.box(left + 8, HORIZON - height + 16, 8, 8, LIT)
        picture.box(left + width // 16 * 8 + 8, HORIZON - 24, 8, 8, LIT)
    picture.box(0, HORIZON, WIDTH, 8, KERB)
    picture.box(0, HORIZON + 8, WIDTH, HEIGHT, ROAD)
    for x in range(112, 232, 40):  # the crossing, towards the eye
        for step in range(70):
            spread = 1 + step / 70
            picture.box(172 + (x - 172) * spread, HORIZON + 10 + step, 20 * spread, 1, WHITE)
    picture.box(60, 62, 3, 66, (30, 30, 32))
    picture.box(60, 62, 16, 3, (30, 30, 32))
    picture.disc(76, 67, 4, (250, 236, 170))
    return picture


def parked_car(picture: Picture, blinking: bool) -> None:
    """The red car on the crossing, with its warning lights."""
    red = (178, 34, 34)
    picture.box(118, 158, 104, 24, red)
    picture.box(136, 142, 62, 18, red)
    picture.box(140, 145, 25, 13, (150, 176, 190))
    picture.box(169, 145, 25, 13, (150, 176, 190))
    for x in (138, 200):
        picture.disc(x, 183, 9, (20, 20, 22))
        picture.disc(x, 183, 4, (140, 140, 144))
    light = (255, 176, 40) if blinking else (110, 60, 30)
    picture.box(118, 162, 5, 6, light)
    picture.box(217, 162, 5, 6, light)


def passing_car(picture: Picture, left: float) -> None:
    """Someone drives by, behind."""
    picture.box(left, 133, 46, 11, (70, 96, 130))
    picture.box(left + 9, 126, 26, 8, (92, 120, 150))
    picture.disc(left + 10, 144, 4, (20, 20, 22))
    picture.disc(left + 36, 144, 4, (20, 20, 22))
    picture.box(left + 44, 136, 3, 3, (255, 244, 190))


def walker(picture: Picture, x: float, number: int) -> None:
    """The driver comes back to the car."""
    stride = (0, 4, 0, -4)[number % 4]
    picture.disc(x, 146, 5, (216, 172, 140))
    picture.box(x - 5, 151, 10, 22, (40, 84, 64))
    picture.box(x - 4 - stride / 2, 173, 4, 18, (36, 36, 56))
    picture.box(x + stride / 2, 173, 4, 18, (36, 36, 56))


def draw(number: int, background: Picture) -> Picture:
    """Picture `number` of the street."""
    picture = Picture(background.pixels)
    seconds = number / RATE
    passing_car(picture, -60 + (seconds % 9) * 62)
    parked_car(picture, number % 5 < 2)
    walker(picture, max(246.0, 318 - 9 * seconds), number if seconds < 8 else 0)
    return picture


def captions() -> str:
    """The sentences, the date with a running clock, and what the recorder is, as ASS subtitles."""
    lines = [
        "[Script Info]", "ScriptType: v4.00+", f"PlayResX: {WIDTH}", f"PlayResY: {HEIGHT}", "WrapStyle: 0",
        "[V4+ Styles]",
        "Format: Name, Fontname, Fontsize, PrimaryColour, OutlineColour, Outline, Alignment, MarginL, MarginR, MarginV",
        f"Style: Said,{FONT},17,&H00FFFFFF,&H00000000,1,2,8,8,6",
        f"Style: Clock,{FONT},14,&H00FFFFFF,&H00000000,1,7,6,6,4",
        f"Style: Name,{FONT},14,&H0060E0FF,&H00000000,1,9,6,6,4",
        "[Events]", "Format: Layer, Start, End, Style, Text",
    ]  # fmt: skip
    end = f"0:00:{LOOP_SECONDS:02d}.00"
    lines.append(f"Dialogue: 0,0:00:00.00,{end},Name,EVIDOCK-SIM 7")
    for second in range(LOOP_SECONDS):
        stamp = f"0:00:{second:02d}.00,0:00:{second + 1:02d}.00"
        lines.append(f"Dialogue: 0,{stamp},Clock,2026-03-02 21:42:{second:02d}")
    begin = 0.0
    for until, text in CAPTIONS:
        lines.append(f"Dialogue: 0,0:00:{begin:05.2f},0:00:{until:05.2f},Said,{text}")
        begin = until
    return "\n".join(lines) + "\n"


def main() -> None:
    """Draws both files."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    background = street()
    raw = b"".join(bytes(draw(number, background).pixels) for number in range(RATE * LOOP_SECONDS))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "said.ass").write_text(captions(), encoding="utf-8")
        source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(RATE), "-i", "pipe:"]
        plain = ["-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact", "-map_metadata", "-1"]
        pictures = ["-t", str(SECONDS), "-vf", "subtitles=said.ass"]
        pictures += ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", "20", "-huffman", "optimal"]
        clip = ["-i", str((HERE / "patrol-en-zh.wav").resolve()), "-t", str(LOOP_SECONDS)]
        clip += ["-vf", "subtitles=said.ass", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "40", "-threads", "1"]
        clip += ["-preset", "veryslow", "-g", str(4 * RATE), "-bf", "0"]
        clip += ["-af", f"apad=whole_dur={LOOP_SECONDS}", "-c:a", "aac", "-b:a", "8k"]
        # A fragment for each picture, so that a recorder can write it on without end.
        clip += ["-movflags", "+delay_moov+default_base_moof+skip_trailer", "-frag_duration", str(1_000_000 // RATE)]
        for options, name in ((pictures, "patrol.avi"), (clip, "patrol.mp4")):
            path = str((target / name).resolve())
            command = ["ffmpeg", "-v", "error", "-y", *source, *options, *plain, path]
            subprocess.run(command, input=raw, cwd=folder, check=True)


if __name__ == "__main__":
    main()
