"""Every byte of evidock on the wire, in the journal and in flash.

SPECIFICATION.md beside this package describes the same bytes in words. The modules run unchanged on MicroPython and
CPython and import nothing but `struct`, `binascii` and `hashlib`.
"""
