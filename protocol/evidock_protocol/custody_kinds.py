"""Kinds of a host's custody chain: their numbers and the fields of their bodies. Numbers are never reused.

Specification: "Custody kinds". The notation of a body is that of `fields`. Not loaded on a recorder.
"""

GENESIS = 1
ENROL = 2
INGEST = 3
HEAD = 4
VERIFICATION = 5
VIEW = 6
COPY = 7
DERIVED = 8
RELEASE = 9
HOLD = 10
DISPOSAL = 11
REGISTRY = 12
CERTIFICATE = 13
STAMP = 14
ORDER = 15
WITNESS = 16

KINDS = (
    (GENESIS, "GENESIS", "0 public_key h, 1 organisation h, 2 certificate b, 3 name t, 4 zone t"),
    (ENROL, "ENROL", "0 device h, 1 genesis h, 2 model t, 3 serial t, 4 asset t, 5 protection u"),
    (INGEST, "INGEST", "0 device h, 1 size u, 2 newest h, 3 segments a:segment"),
    (HEAD, "HEAD", "0 device h, 1 size u, 2 newest h, 3 root h, 4 head h"),
    (VERIFICATION, "VERIFICATION", "0 device h/n, 1 verdict t, 2 report h"),
    (VIEW, "VIEW", "0 segments a:segment, 1 device h"),
    (COPY, "COPY", "0 segments a:segment, 1 device h, 2 package h"),
    (DERIVED, "DERIVED", "0 segments a:segment, 1 device h, 2 result h, 3 method t"),
    (RELEASE, "RELEASE", "0 package h, 1 receiver h/n"),
    (HOLD, "HOLD", "0 segments a:segment, 1 device h, 2 begins f"),
    (DISPOSAL, "DISPOSAL", "0 segments a:segment, 1 device h, 2 rule t"),
    (REGISTRY, "REGISTRY", "0 device h, 1 state u, 2 head_size u/n, 3 head_hash h/n, 4 unit h/n"),
    (CERTIFICATE, "CERTIFICATE", "0 certificate b"),
    (STAMP, "STAMP", "0 device h, 1 head h, 2 stamp h"),
    (ORDER, "ORDER", "0 order b"),
    (WITNESS, "WITNESS", "0 device h, 1 size u, 2 newest h, 3 root h, 4 head h, 5 host h"),
)
