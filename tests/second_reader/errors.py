"""The classes of error of "Rejected encodings"."""


class Malformed(ValueError):
    """The bytes have not the form that the specification calls for."""


class WrongType(Malformed):
    """A statement of one `typ` in the place of another ("COSE_Sign1")."""


class UnknownFormat(ValueError):
    """A package format or suite that this reader does not know ("Versions")."""


class BadSignature(ValueError):
    """The form is right; the signature, or the key that signed, is not ("Signatures: Ed25519 strictness")."""
