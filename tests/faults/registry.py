"""The list of cases, and what ends one."""

import collections
import time

Case = collections.namedtuple("Case", "id title function")
CASES = []


class Failure(Exception):
    """The program broke the rule of the case."""


class Skip(Exception):
    """The case cannot run here; the text says what is missing."""


def case(identifier, title):
    def register(function):
        if any(known.id == identifier for known in CASES):
            raise ValueError(f"{identifier} stands twice")
        CASES.append(Case(identifier, title, function))
        return function
    return register


def each(title, **parameters):
    """One case per keyword: A23a="foo" calls the function with "foo" behind the world."""
    def register(function):
        for identifier, parameter in parameters.items():
            case(identifier, title.format(parameter))(lambda t, p=parameter: function(t, p))
        return function
    return register


def check(truth, text):
    if not truth:
        raise Failure(text)


def wait_until(what, condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        check(time.monotonic() < deadline, f"not within {seconds} s: {what}")
        time.sleep(0.02)
