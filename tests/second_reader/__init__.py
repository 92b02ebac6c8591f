"""A second reader of the evidock formats, written from protocol/SPECIFICATION.md and the vectors alone.

It shares no code with the product: only Python's library and PyNaCl. It shows that the document is enough.
"""
