"""`given` and `settings`: the runner draws a bounded number of examples, the same ones every time."""

from portable.shims.pytest import decorated


class Unsatisfied(Exception):
    """An example that the test or a filter turned down."""


def given(*positional, **named):
    def decorate(function):
        found = decorated(function)
        found.strategies = (positional, named)
        return found

    return decorate


class settings:
    def __init__(self, *_profile, max_examples=None, **_others):
        self.most = max_examples

    def __call__(self, function):
        found = decorated(function)
        found.most = self.most
        return found


def example(*positional, **named):
    def decorate(function):
        found = decorated(function)
        found.examples.append((positional, named))
        return found

    return decorate


def assume(condition):
    if not condition:
        raise Unsatisfied
    return True


def note(_text):
    pass


event = target = note


class _Any:
    def __getattr__(self, _name):
        return self


HealthCheck = Phase = Verbosity = _Any()
