"""SimpleNamespace, and a ModuleType to name."""


class SimpleNamespace:
    def __init__(self, **values):
        for name in values:
            setattr(self, name, values[name])


class ModuleType:
    def __init__(self, name):
        self.__name__ = name
