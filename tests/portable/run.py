"""Runs one lowered test file on MicroPython: fixtures, parameters, examples. One line for each test, then the sums.

    micropython run.py REPOSITORY STAGE MODULE EXAMPLES [WITHOUT [ONLY]]

WITHOUT and ONLY are names of tests with commas between; a name may end in "-" and the label of one row of parameters.

`begin` loads the file; each `advance` runs one example, so that the WebAssembly build, which collects garbage only
between two calls from JavaScript, gets to collect.
"""

# Runs on MicroPython only.
# ruff: noqa: B905, RUF005
# pyright: reportAttributeAccessIssue=false, reportOptionalIterable=false, reportOptionalMemberAccess=false

import io
import sys
import time


def shown(values):
    """A short name for a row of parameters; MicroPython is slow to write long values out."""
    words = []
    for value in values:
        if isinstance(value, (bytes, str)) and len(value) > 24:
            words.append(f"{value[:12]!r}… {len(value)} long")
        elif isinstance(value, (bytes, str, int, bool)) or value is None:
            words.append(repr(value))
        else:
            words.append(type(value).__name__)
    return ", ".join(words)


class Runner:
    """The tests of one module as a generator of small pieces of work."""

    def __init__(self, repository, module, examples, without="", only=""):
        from portable.shims import _portable, pytest
        from portable.shims.hypothesis import Unsatisfied
        from portable.shims.pathlib import Path
        from portable.shims.random import Random

        self.pytest = pytest
        self.unsatisfied = Unsatisfied
        self.random = Random
        self.examples = examples
        self.without = set(without.split(",") if without else ())
        self.only = set(only.split(",") if only else ())
        self.passed = self.failed = self.skipped = 0
        self.failures = []
        _portable.REPOSITORY = repository
        self.repository = Path(repository or "/")
        if "crypto" not in module:
            from portable.shims import _ed25519

            _ed25519.by_the_recorder()
        self.module = __import__(module, None, None, ("PORTABLE",))

    def work(self):
        """Yields after every example."""
        for name in sorted(self.module.PORTABLE):
            found = getattr(self.module, name, None)
            if not name.startswith("test_") or found is None or name in self.without:
                continue
            test = self.pytest.decorated(found)
            if (self.only and name not in self.only) or any(mark.name == "hunt" for mark in test.marks):
                continue
            for label, fixed in self.rows(name, test):
                if name + label not in self.without:
                    for _ in self.one(name, label, test, fixed):
                        yield

    def rows(self, name, test):
        """(label, fixed arguments) for each set of parameters, those of fixtures included."""
        rows = [("", {})]
        for names, values in test.parametrized:
            rows = [
                (label + "-" + (title or shown(row)), dict(list(fixed.items()) + list(zip(names, row))))
                for label, fixed in rows
                for row, title in values
            ]
        for fixture in self.fixtures(self.module.PORTABLE[name]):
            params = getattr(self.module, fixture).params
            if params is not None:
                rows = [
                    (label + "-" + shown((value,)), dict(list(fixed.items()) + [("@" + fixture, value)]))
                    for label, fixed in rows
                    for value in params
                ]
        return rows

    def fixtures(self, names):
        """The module's own fixtures that these arguments need, directly or not."""
        found = []
        for name in names:
            if isinstance(getattr(self.module, name, None), self.pytest.Fixture):
                if name not in found:
                    found.append(name)
                found += [other for other in self.fixtures(self.module.PORTABLE[name]) if other not in found]
        return found

    def one(self, name, label, test, fixed):
        start = time.ticks_ms()
        problem = None
        try:
            for _ in self.examples_of(name, test, fixed):
                yield
        except self.pytest.Skipped as reason:
            self.skipped += 1
            print("SKIP", name + label, reason)
            return
        except Exception as error:
            problem = error
        took = time.ticks_diff(time.ticks_ms(), start)
        if problem is None:
            self.passed += 1
            print("PASS", took, name + label)
        else:
            self.failed += 1
            text = io.StringIO()
            sys.print_exception(problem, text)
            print("FAIL", took, name + label)
            print("    " + text.getvalue().strip().replace("\n", "\n    "))

    def examples_of(self, name, test, fixed):
        names = self.module.PORTABLE[name]
        if test.strategies is None:
            self.call(test, names, fixed, {})
            yield
            return
        positional, named = test.strategies
        drawn = dict(named)
        free = [argument for argument in names if argument not in named]
        for argument, strategy in zip(free[len(free) - len(positional) :], positional):
            drawn[argument] = strategy
        for values, others in test.examples:
            given = dict(others)
            given.update(dict(zip(free[len(free) - len(values) :], values)))
            self.call(test, names, fixed, given)
            yield
        most = min(self.examples, test.most or self.examples)
        done = tried = 0
        while done < most and tried < 20 * most:
            random = self.random(tried)
            tried += 1
            given = {}
            try:
                for argument in names:
                    if argument in drawn:
                        given[argument] = drawn[argument].draw(random)
                self.call(test, names, fixed, given)
            except self.unsatisfied:
                continue
            except self.pytest.Skipped:
                raise
            except Exception:
                print("    example", repr(given)[:2000])
                raise
            done += 1
            yield
        if done < most:
            raise AssertionError(f"only {done} examples of {tried} fit")

    def call(self, test, names, fixed, given):
        """One call, with fixtures made for it and undone after it."""
        made, ends = {}, []

        def need(argument):
            if argument in given:
                return given[argument]
            if argument in fixed:
                return fixed[argument]
            if argument not in made:
                made[argument] = self.make(argument, need, fixed, ends)
            return made[argument]

        try:
            test.function(
                **{
                    argument: need(argument)
                    for argument in names
                    if argument in given or argument in fixed or self.known(argument)
                }
            )
        finally:
            for end in reversed(ends):
                end()

    def known(self, argument):
        return argument in ("monkeypatch", "repository") or isinstance(
            getattr(self.module, argument, None), self.pytest.Fixture
        )

    def make(self, name, need, fixed, ends):
        if name == "repository":
            return self.repository
        if name == "monkeypatch":
            patch = self.pytest.MonkeyPatch()
            ends.append(patch.undo)
            return patch
        fixture = getattr(self.module, name)
        arguments = {}
        for argument in self.module.PORTABLE[name]:
            arguments[argument] = (
                self.pytest.Request(fixed.get("@" + name)) if argument == "request" else need(argument)
            )
        made = fixture.function(**arguments)
        if hasattr(made, "send") and hasattr(made, "throw"):
            steps = made
            made = next(steps)
            ends.append(lambda: [None for _ in steps])
        return made


_runner = None
_work = None


def begin(repository, stage, module, examples, without="", only=""):
    """Loads the file; the product's folders and the stage go before everything else on the path."""
    global _runner, _work
    sys.path[:0] = [stage] + [repository + "/" + root for root in ("protocol", "device", "simulator")]
    _runner = Runner(repository, module, examples, without, only)
    _work = _runner.work()


def advance():
    """One example; False when there is nothing left."""
    for _ in _work:
        return True
    return False


def end():
    """The sums; 1 when a test failed."""
    print("SUMS", _runner.passed, _runner.failed, _runner.skipped, sys.maxsize)
    return 1 if _runner.failed else 0


def main(repository, stage, module, examples, without="", only=""):
    begin(repository, stage, module, int(examples), without, only)
    while advance():
        pass
    return end()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
