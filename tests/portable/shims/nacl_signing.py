"""SigningKey and VerifyKey."""

from portable.shims import _ed25519
from portable.shims.nacl_exceptions import BadSignatureError


class _Signed:
    def __init__(self, message, signature):
        self.message = message
        self.signature = signature


class _Bytes:
    """PyNaCl's keys are read with bytes(key): the lowered source's `bytes` finds the buffer by iterating."""

    def __init__(self, raw):
        self._raw = bytes(raw)

    def __iter__(self):
        return iter(self._raw)

    def __len__(self):
        return len(self._raw)

    def encode(self):
        return self._raw


class VerifyKey(_Bytes):
    def verify(self, message, signature):
        if not _ed25519.verify(self._raw, bytes(message), bytes(signature)):
            raise BadSignatureError("Signature was forged or corrupt")
        return message


class SigningKey(_Bytes):
    def __init__(self, seed):
        super().__init__(seed)
        self.verify_key = VerifyKey(_ed25519.public_key(self._raw))

    def sign(self, message):
        return _Signed(message, _ed25519.sign(self._raw, bytes(self.verify_key), bytes(message)))
