"""`python -m evidock_simulator.line`, the process of one line."""

from evidock_simulator.line.process import main

main()
