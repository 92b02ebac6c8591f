"""Numbers that pass between the agent and its ports: presses of buttons and states of the indicator."""

BUTTON_RECORD = 1  # starts a recording, or stops the one that runs
BUTTON_MARK = 2
BUTTON_OFF = 3
BUTTON_EXEMPT_SECRET = 4  # begins lawful non-recording of a class; BUTTON_RECORD ends it
BUTTON_EXEMPT_PRIVACY = 5
BUTTON_EXEMPT_EMERGENCY = 6

INDICATE_STANDBY = 1
INDICATE_RECORDING = 2
INDICATE_FAULT = 3
INDICATE_OFF = 4
INDICATE_BLANK = 5  # not provisioned
INDICATE_LOW = 6  # recording, but battery or card run low
INDICATE_SPEAK = 7  # recording: say why it broke off before
INDICATE_EXEMPT = 8  # not recording, lawfully

WHILE_RECORDING = (INDICATE_RECORDING, INDICATE_LOW, INDICATE_SPEAK)
