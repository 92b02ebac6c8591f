"""The agent: what happens on the recorder. `agent.Agent(board)` is the way in."""
