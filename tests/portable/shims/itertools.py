"""The few of itertools that the suites use."""

# ruff: noqa: RUF005


def pairwise(items):
    items = list(items)
    return [(items[at], items[at + 1]) for at in range(len(items) - 1)]


def product(*pools, repeat=1):
    pools = [list(pool) for pool in pools] * repeat
    found = [()]
    for pool in pools:
        found = [before + (item,) for before in found for item in pool]
    return found


def chain(*iterables):
    for each in iterables:
        yield from each


def count(start=0, step=1):
    while True:
        yield start
        start += step


def repeat(item, times):
    for _ in range(times):
        yield item


def islice(items, stop):
    for item in items:
        if stop <= 0:
            return
        stop -= 1
        yield item


def accumulate(items):
    total = 0
    for item in items:
        total += item
        yield total
