"""suppress and contextmanager."""


class suppress:
    def __init__(self, *errors):
        self._errors = errors

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        return kind is not None and issubclass(kind, self._errors)


class _Context:
    def __init__(self, generator):
        self._generator = generator

    def __enter__(self):
        return next(self._generator)

    def __exit__(self, kind, value, trace):
        if kind is None:
            for _ in self._generator:
                raise RuntimeError("the generator did not stop")
            return False
        try:
            self._generator.throw(value)
        except StopIteration:
            return True
        raise RuntimeError("the generator did not stop after throw()")


def contextmanager(function):
    return lambda *arguments, **named: _Context(function(*arguments, **named))


def nullcontext(value=None):
    return suppress() if value is None else _Context(iter([value]))
