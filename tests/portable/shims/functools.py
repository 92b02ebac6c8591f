"""cache, partial and reduce."""


def cache(function):
    known = {}

    def cached(*arguments):
        if arguments not in known:
            known[arguments] = function(*arguments)
        return known[arguments]

    return cached


lru_cache = cache


def partial(function, *first, **fixed):
    def called(*arguments, **named):
        whole = dict(fixed)
        whole.update(named)
        return function(*(first + arguments), **whole)

    return called


def reduce(function, items, start):
    for item in items:
        start = function(start, item)
    return start


def wraps(_function):
    return lambda wrapper: wrapper
