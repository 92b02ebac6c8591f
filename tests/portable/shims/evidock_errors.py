"""The host's errors without their catalogue of sentences."""


class EvidockError(Exception):
    def __init__(self, key, **values):
        super().__init__(f"{key} {values}")
        self.key = key
        self.values = values


class BadEvidence(EvidockError):
    pass


class UnsupportedVersion(EvidockError):
    pass
