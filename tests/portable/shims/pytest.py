"""The parts of pytest that the suites use: raises, parametrize, marks, fixtures, skip, approx."""

import re


class Skipped(Exception):
    """A test that says itself that it cannot run."""


def skip(reason="", allow_module_level=False):
    raise Skipped(reason)


def fail(reason=""):
    raise AssertionError(reason)


class Decorated:
    """A function and what decorators said of it; called, it is the function."""

    def __init__(self, function):
        self.function = function
        self.parametrized = []  # (names, list of (values, id)), outermost last
        self.marks = []
        self.strategies: object = None  # of hypothesis: (positional, named)
        self.examples = []
        self.most = None
        self.fixture = None

    def __call__(self, *arguments, **named):
        return self.function(*arguments, **named)


def decorated(function):
    return function if isinstance(function, Decorated) else Decorated(function)


class Raises:
    """`pytest.raises` as a context; `value` is what was raised."""

    def __init__(self, expected, match=None):
        self.expected = expected
        self.match = match
        self.value = None

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            raise AssertionError(f"did not raise {self.expected!r}")
        if not issubclass(kind, self.expected):
            return False
        self.value = value
        if self.match is not None and not re.search(self.match, str(value)):
            raise AssertionError(f"{str(value)!r} does not match {self.match!r}")
        return True


def raises(expected, match=None):
    return Raises(expected, match)


class Parameter:
    def __init__(self, values, id, marks):
        self.values = values
        self.id = id
        self.marks = marks


def param(*values, id=None, marks=()):
    return Parameter(values, id, marks)


class Mark:
    """pytest.mark.NAME, bare or called."""

    def __init__(self, name):
        self.name = name

    def __call__(self, *arguments, **named):
        if len(arguments) == 1 and not named and (callable(arguments[0]) and self.name != "parametrize"):
            found = decorated(arguments[0])
            found.marks.append(self)
            return found
        if self.name == "parametrize":
            return lambda function: _parametrize(function, *arguments, **named)
        return lambda function: _marked(function, self)


def _marked(function, mark):
    found = decorated(function)
    found.marks.append(mark)
    return found


def _parametrize(function, names, rows, ids=None, indirect=False):
    if isinstance(names, str):
        names = [name.strip() for name in names.split(",")]
    single = len(names) == 1
    found = []
    for row in rows:
        if isinstance(row, Parameter):
            found.append((row.values, row.id))
        else:
            found.append(((row,) if single else tuple(row), None))
    result = decorated(function)
    result.parametrized.append((names, found))
    return result


class _Marks:
    def __getattr__(self, name):
        return Mark(name)


mark = _Marks()


class Fixture:
    def __init__(self, function, params):
        self.function = function
        self.params = params


def fixture(function=None, params=None, scope="function", autouse=False, ids=None):
    if function is not None:
        return Fixture(function, None)
    return lambda function: Fixture(function, None if params is None else list(params))


class Request:
    def __init__(self, param):
        self.param = param


FixtureRequest = Request
TempPathFactory = CaptureFixture = None
_NONE = object()


class MonkeyPatch:
    """Changes that are undone after the test."""

    def __init__(self):
        self._undo = []

    def setattr(self, owner, name, value=_NONE, raising=True):
        if isinstance(owner, str):  # "package.module.name" and what it becomes
            module, value = owner.rsplit(".", 1), name
            owner, name = __import__(module[0], None, None, ("*",)), module[1]
        old = getattr(owner, name, _NONE)
        if raising and old is _NONE:
            raise AttributeError(name)
        # What an instance did not have of its own is deleted again, so that the class's shows.
        own = name in getattr(owner, "__dict__", {name: None})
        self._undo.append(lambda: setattr(owner, name, old) if own else delattr(owner, name))
        setattr(owner, name, value)

    def setitem(self, owner, key, value):
        old = owner.get(key, _NONE)
        self._undo.append(lambda: owner.pop(key) if old is _NONE else owner.__setitem__(key, old))
        owner[key] = value

    def delitem(self, owner, key, raising=True):
        if key in owner:
            old = owner.pop(key)
            self._undo.append(lambda: owner.__setitem__(key, old))
        elif raising:
            raise KeyError(key)

    def undo(self):
        while self._undo:
            self._undo.pop()()


class Approx:
    def __init__(self, expected, rel, abs_):
        self.expected = expected
        self.tolerance = max(abs(expected) * (1e-6 if rel is None and abs_ is None else rel or 0), abs_ or 1e-12)

    def __eq__(self, other):
        return abs(other - self.expected) <= self.tolerance

    def __repr__(self):
        return f"{self.expected} ± {self.tolerance}"


def approx(expected, rel=None, abs=None):
    return Approx(expected, rel, abs)
