"""Crash consistency by replay: what a recorder wrote, operation by operation, and a recorder booted on a part of it.

Architecture: "The simulator" (crash consistency is checked by replaying every prefix of the operation log).
"""
