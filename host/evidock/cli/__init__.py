"""The command line: `main` is what the command `evidock` runs.

Interface: "Command line".
"""


def main() -> None:
    """Runs the command line and exits with the promised status."""
    import sys

    from evidock.cli.main import run

    sys.exit(run(sys.argv[1:]))
