"""Holds bytes against a CDDL file with zcbor: `match_with_zcbor.py CDDL FILE`, in zcbor's own environment.

Each line of FILE is the name of a rule and bytes in hexadecimal. A line of output is `accepted` or `refused`, with the
reason. Imports nothing of evidock.
"""

# pyright: reportMissingImports=false

import sys
from collections import namedtuple

from zcbor import DataTranslator

LONGEST = 64  # what `*` stands for: no array or map of format 1 has more


class Translator(DataTranslator):
    """zcbor gives back what it has read under names that it makes from the types, and two fields of one type clash.

    Here nothing but whether it could be read matters, so the names are numbers.
    """

    def _construct_obj(self, my_list):
        if not my_list:
            return None
        return namedtuple("_", [f"f{place}" for place in range(len(my_list))])(*[value for _name, value in my_list])


with open(sys.argv[1], encoding="utf-8") as file:
    rules = Translator.from_cddl(file.read(), LONGEST).my_types
with open(sys.argv[2], encoding="ascii") as lines:
    for line in lines:
        rule, _, content = line.strip().partition(" ")
        try:
            rules[rule].validate_str(bytes.fromhex(content))
            print("accepted")
        except Exception as error:  # whatever it raises for hostile bytes is its way to refuse
            print(f"refused {type(error).__name__}: {error}".splitlines()[0])
