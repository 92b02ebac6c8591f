"""Names that annotations and aliases of types use; nothing is checked."""


class _Type:
    def __getitem__(self, _arguments):
        return self

    def __call__(self, *_arguments, **_named):
        return self

    def __or__(self, _other):
        return self

    def __ror__(self, _other):
        return self


Any = Callable = Iterator = Generator = Generic = Iterable = Sequence = Mapping = MutableSequence = _Type()
ClassVar = Final = Literal = Protocol = TypeAlias = TypeVar = TypedDict = _Type()
TYPE_CHECKING = False


def cast(_type, value):
    return value
