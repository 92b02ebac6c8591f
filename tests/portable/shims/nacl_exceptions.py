"""PyNaCl's errors."""


class CryptoError(Exception):
    pass


class BadSignatureError(CryptoError):
    pass
