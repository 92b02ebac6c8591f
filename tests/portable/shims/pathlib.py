"""Path, for reading the repository's files."""

import os


class Path:
    def __init__(self, *parts):
        self._path = "/".join([str(part) for part in parts]) if parts else "."

    def __str__(self):
        return self._path

    __repr__ = __str__

    def __truediv__(self, other):
        return Path(str(other)) if str(other).startswith("/") else Path(self._path + "/" + str(other))

    def __eq__(self, other):
        return isinstance(other, Path) and self._path == other._path

    def __hash__(self):
        return hash(self._path)

    def resolve(self):
        return self

    @property
    def name(self):
        return self._path.rsplit("/", 1)[-1]

    @property
    def stem(self):
        return self.name.rsplit(".", 1)[0]

    @property
    def parent(self):
        return Path(self._path.rsplit("/", 1)[0])

    @property
    def parents(self):
        found, at = [], self
        while "/" in at._path:
            at = at.parent
            found.append(at)
        return found

    def with_name(self, name):
        return self.parent / name

    def is_file(self):
        try:
            return os.stat(self._path)[0] & 0x8000 != 0
        except OSError:
            return False

    def read_text(self, encoding="utf-8"):
        with open(self._path) as file:
            return file.read()

    def read_bytes(self):
        with open(self._path, "rb") as file:
            return file.read()

    def write_bytes(self, data):
        with open(self._path, "wb") as file:
            return file.write(data)

    def glob(self, pattern):
        assert pattern.startswith("*")
        return [self / name for name in sorted(os.listdir(self._path)) if name.endswith(pattern[1:])]
