"""Numbers that pass between the agent and its ports: presses of buttons and states of the indicator."""

BUTTON_RECORD = 1  # starts a recording, or stops the one that runs
BUTTON_MARK = 2
BUTTON_OFF = 3

INDICATE_STANDBY = 1
INDICATE_RECORDING = 2
INDICATE_FAULT = 3
INDICATE_OFF = 4
INDICATE_BLANK = 5  # not provisioned
