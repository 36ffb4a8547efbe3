"""What is written one way and said another, one module for each kind.

A rule is a pattern and what to put in its place. The rules of a module come in the order in which
they are to be tried; `normalise` holds the order of the modules. Most rules only rewrite into a
plainer written form, `$1.5万` into `1.5万美元`; `numbers`, the last, says what digits are left.

Every pattern that begins with a repeat is anchored by a look-behind to the start of its run, so
that no text takes quadratic time.
"""

import re
from collections.abc import Callable

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]

NUMBER = r"\d+(?:\.\d+)?"
NUMBER_START = r"(?<![\d.])"
RANGE = r" ?(?:-|~|—{1,2}|–|至|到) ?"
"""What stands between the ends of a range."""
