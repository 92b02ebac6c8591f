"""`python -m evidock_simulator`: the same as `evidock-sim`."""

from evidock_simulator.cli import main

main()
