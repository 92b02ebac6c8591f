"""perf_counter and monotonic, in seconds."""

# pyright: reportAttributeAccessIssue=false

import time


def perf_counter():
    return time.ticks_us() / 1e6


monotonic = perf_counter


def process_time():
    return time.ticks_us() / 1e6
