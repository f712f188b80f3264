"""Text from outside as it is shown: on one line, short, without the secrets of the addresses in it."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

LONGEST_WORD, LONGEST = 600, 4000
"""Characters of a word, and of a message."""
SHORTEST_SECRET, LONG_SECRET = 4, 8
"""Characters of a part of an address that is looked for in a text as a whole word, and anywhere."""
HIDDEN = "…"

_SCHEME = re.compile(r"[A-Za-z][\w+.-]*://")
_WORD = re.compile(r"""[^\s"'<>]+""")
_UNSHOWN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_LETTERS = string.ascii_letters + string.digits + "_+.-"
"""Of an address's scheme."""


def address(uri: str) -> str:
    """An address without the name and password of a user, without a query and without a fragment.

    >>> address("postgresql://user:p@ss@host/runs?sslmode=require")
    'postgresql://host/runs'
    >>> address("user:pass@host/path")
    'host/path'
    """
    scheme = found[0] if (found := _SCHEME.match(uri)) else ""
    rest = uri.removeprefix(scheme)
    place, *more = re.split(r"[?#]", rest, maxsplit=1)
    if "@" not in place and any("@" in part for part in more):
        return f"{scheme}{HIDDEN}"  # a password with a ? in it, or a query with an @: they look alike
    return f"{scheme}{place.rpartition('@')[2]}"


def discreet(text: str, addresses: Iterable[str] = (), secrets: Iterable[str] = ()) -> str:
    """A text without the secrets of addresses, of those that are given, wherever parts of them stand, and of what looks
    like an address; and without other secrets that are known.
    """
    known = {secret for secret in secrets if len(secret) >= SHORTEST_SECRET}
    for uri in filter(None, addresses):
        text = text.replace(uri, address(uri))
        known |= _secrets(uri)
    for secret in sorted(known, key=len, reverse=True):
        border = r"\b" if len(secret) < LONG_SECRET else ""
        text = re.sub(f"{border}{re.escape(secret)}{border}", HIDDEN, text)
    return _WORD.sub(lambda found: _word(found[0]), text)


def short(text: str) -> str:
    """A text with its longest words and itself cut in the middle, if they are too long for a message."""
    text = re.sub(rf"\S{{{LONGEST_WORD + 1},}}", lambda found: _cut(found[0], LONGEST_WORD), text)
    return _cut(text, LONGEST)


def one_line(text: str) -> str:
    """A text without what would break the line or command the terminal: those characters as Python writes them."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def plain(text: str) -> str:
    """A text without what would command a terminal, turn the direction of a line or is half a character: those as
    Python writes them. Line breaks stay.

    >>> plain("\x1b[2J\u202egram")
    '\\\\x1b[2J\\\\u202egram'
    """
    return _UNSHOWN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def plainly(value: Any) -> Any:
    """Plain data from a file with every text in it so."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, Mapping):
        return {plainly(key): plainly(one) for key, one in value.items()}
    return [plainly(one) for one in value] if isinstance(value, list | tuple) else value


def _word(word: str) -> str:
    """A word of a text, which may be an address or the end of one; in time that grows with its length alone."""
    before, mark, after = word.partition("://")
    lead = before.rstrip(_LETTERS)
    if mark and ":" not in lead:
        return f"{lead}{address(before.removeprefix(lead) + mark + after)}"
    if mark or (":" in word.partition("@")[0] and "@" in word):
        return address(word)
    path, _, query = word.partition("?")
    return path if "/" in path and query.rstrip(").,;:") else word


def _secrets(uri: str) -> set[str]:
    """The parts of an address that `address` leaves out, as they are written and as they are meant."""
    rest = uri.partition("://")[2] or uri
    user, at, _ = rest.rpartition("@")
    place, _, fragment = rest.partition("#")
    query = place.partition("?")[2]
    parts = {query, fragment, *(value for _, value in parse_qsl(query))}
    if at:
        parts |= {user, *user.split(":", 1)}
    return {part for one in parts for part in (one, unquote(one)) if len(part) >= SHORTEST_SECRET}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most * 2 // 3]}{HIDDEN}{text[-(most // 4) :]}"
