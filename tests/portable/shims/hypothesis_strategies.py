"""Strategies as drawing functions over one seeded generator; edges come more often than chance would have them."""

from portable.shims.hypothesis import Unsatisfied
from portable.shims.random import Random

ALPHABET = "abcxyzABC 019.-_/\n\0é録录😀"


class SearchStrategy:
    """`draw(random)` gives one value."""

    def __init__(self, draw):
        self.draw = draw

    def map(self, function):
        return SearchStrategy(lambda random: function(self.draw(random)))

    def filter(self, condition):
        def draw(random):
            for _ in range(50):
                value = self.draw(random)
                if condition(value):
                    return value
            raise Unsatisfied

        return SearchStrategy(draw)

    def flatmap(self, function):
        return SearchStrategy(lambda random: function(self.draw(random)).draw(random))

    def __or__(self, other):
        return one_of(self, other)

    def example(self):
        return self.draw(Random(0))


def integers(min_value=None, max_value=None):
    low = -(1 << 130) if min_value is None else min_value
    high = (1 << 130) if max_value is None else max_value
    if min_value is None and max_value is not None:
        low = min(low, max_value - (1 << 130))
    if max_value is None and min_value is not None:
        high = max(high, min_value + (1 << 130))

    def draw(random):
        choice = random.below(8)
        if choice == 0:
            return low
        if choice == 1:
            return high
        if choice == 2:
            return max(low, min(high, random.below(20) - 4))
        if choice <= 4:  # around a power of two, where widths end
            value = (1 << random.below(131)) + random.below(3) - 1
            value = -value if low < 0 and random.below(2) else value
            if low <= value <= high:
                return value
        return low + random.below(high - low + 1)

    return SearchStrategy(draw)


def _length(random, low, high):
    high = low + 12 if high is None else high
    choice = random.below(8)
    if choice == 0:
        return low
    if choice == 1:
        return high
    if choice <= 4:
        return min(high, low + random.below(5))
    return low + random.below(high - low + 1)


def binary(min_size=0, max_size=None):
    def draw(random):
        length = _length(random, min_size, 40 if max_size is None else max_size)
        choice = random.below(6)
        if choice == 0:
            return b"\0" * length
        if choice == 1:
            return b"\xff" * length
        return random.randbytes(length)

    return SearchStrategy(draw)


def booleans():
    return SearchStrategy(lambda random: random.below(2) == 1)


def none():
    return just(None)


def just(value):
    return SearchStrategy(lambda random: value)


def characters(**_limits):
    return sampled_from(ALPHABET)


def text(alphabet=ALPHABET, min_size=0, max_size=None):
    def draw(random):
        length = _length(random, min_size, max_size)
        if isinstance(alphabet, SearchStrategy):
            return "".join([alphabet.draw(random) for _ in range(length)])
        return "".join([alphabet[random.below(len(alphabet))] for _ in range(length)])

    return SearchStrategy(draw)


def floats(**_limits):
    return sampled_from([0.0, -0.0, 1.5, -2.25, 1e300, float("inf"), float("-inf"), float("nan")])


def sampled_from(items):
    items = list(items)
    return SearchStrategy(lambda random: items[random.below(len(items))])


def one_of(*strategies):
    if len(strategies) == 1 and isinstance(strategies[0], (list, tuple)):
        strategies = strategies[0]
    return SearchStrategy(lambda random: strategies[random.below(len(strategies))].draw(random))


def lists(elements, min_size=0, max_size=None, unique=False, unique_by=None):
    def draw(random):
        length = _length(random, min_size, max_size)
        found = []
        for _ in range(4 * length if unique else length):
            value = elements.draw(random)
            if len(found) < length and not (unique and value in found):
                found.append(value)
        if len(found) < min_size:
            raise Unsatisfied
        return found

    return SearchStrategy(draw)


def sets(elements, min_size=0, max_size=None):
    return lists(elements, min_size, max_size, unique=True).map(set)


def tuples(*elements):
    return SearchStrategy(lambda random: tuple([element.draw(random) for element in elements]))


def dictionaries(keys, values, min_size=0, max_size=None):
    pairs = lists(keys, min_size, max_size, unique=True)
    return SearchStrategy(lambda random: {key: values.draw(random) for key in pairs.draw(random)})


def fixed_dictionaries(mapping, optional=None):
    def draw(random):
        found = {key: value.draw(random) for key, value in mapping.items()}
        for key, value in (optional or {}).items():
            if random.below(2):
                found[key] = value.draw(random)
        return found

    return SearchStrategy(draw)


def recursive(base, extend, max_leaves=100):
    """Two levels at most: MicroPython's stack is short, and the codecs' own limits of depth have tests of their own."""
    return one_of(base, base, extend(base), extend(one_of(base, extend(base))))


def permutations(items):
    def draw(random):
        found = list(items)
        random.shuffle(found)
        return found

    return SearchStrategy(draw)


def builds(function, *elements, **named):
    def draw(random):
        values = [element.draw(random) for element in elements]
        return function(*values, **{name: element.draw(random) for name, element in named.items()})

    return SearchStrategy(draw)


def composite(function):
    return lambda *arguments, **named: SearchStrategy(
        lambda random: function(lambda strategy: strategy.draw(random), *arguments, **named)
    )


class DataObject:
    def __init__(self, random):
        self._random = random

    def draw(self, strategy, label=None):
        return strategy.draw(self._random)


def data():
    return SearchStrategy(DataObject)


def randoms(use_true_random=False, note_method_calls=False):
    return SearchStrategy(lambda random: Random(random.below(1 << 30)))
