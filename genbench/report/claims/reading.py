"""Claims as a study's file has them, read strictly: a sentence, or keys that say what to test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from genbench.config.strict_yaml import Node
from genbench.errors import UnknownNameError
from genbench.report.claims.claim import Across, Better, Claim, Direction, Equal, Rate, Trend, Where

KINDS = ("better", "rate", "equal", "rises", "falls", "steady")
"""Keys of which a claim that can be judged has exactly one."""
DIRECTIONS: tuple[Direction, ...] = ("rises", "falls", "steady")
ACROSS = ("mean", "range")
MOST = 100
"""Claims of a study."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the runs of a study have, that claims can be about; None: whatever a claim names is taken as it is."""

    labels: Sequence[str] | None = None
    datasets: Sequence[str] | None = None
    metrics: Sequence[str] | None = None
    roots: Sequence[str] | None = None
    """What the name of a setting begins with."""
    swept: Mapping[str, Sequence[Any]] | None = None
    """Settings to their values, those with several."""


ANYTHING = Known()


def claims(node: Node, known: Known = ANYTHING) -> tuple[str | Claim, ...]:
    """The claims of a list: a sentence, which nothing can judge, as it is; raises SettingsError that says where and
    what is wrong. known: what names are checked against.
    """
    found = [
        one.text() if isinstance(one.value, str) else claim(one, known) for one in node.sequence("claims", at_most=MOST)
    ]
    words = [one if isinstance(one, str) else one.words for one in found]
    for one in words:
        if words.count(one) > 1:
            node.fail(f"the claim '{one}' is there twice")
    if not found:
        node.refuse("at least one claim")
    return tuple(found)


def stored(plain: Sequence[Any], path: Path) -> tuple[str | Claim, ...]:
    """The claims that study.json holds, as the study's file had them; none for an empty list."""
    return claims(Node(list(plain), path, "claims")) if plain else ()


def plain(one: str | Claim) -> str | dict[str, Any]:
    """A claim as a file has it: what `claims` reads again."""
    if isinstance(one, str):
        return one
    where = {key: list(values) if len(values) > 1 else values[0] for key, values in one.where.items()}
    shared = {"claim": one.words, **({"paper": one.paper} if one.paper else {}), **({"where": where} if where else {})}
    match one:
        case Better():
            kind: dict[str, Any] = {"better": one.better, "than": list(one.than), "on": one.on, "across": one.across}
        case Rate():
            bound = "at_least" if one.at_least else "at_most"
            kind = {"rate": {one.on: one.value}, "of": list(one.of), bound: one.share}
        case Equal():
            kind = {"equal": list(one.equal), "on": one.on, "within": one.within, "across": one.across}
        case Trend():
            margin = {"within": one.within} if one.direction == "steady" else {}
            kind = {one.direction: one.on, "with": one.setting, "of": list(one.of), **margin}
        case _:
            raise TypeError(f"{type(one).__name__} is no kind of claim that a file can have")
    return shared | kind


def claim(node: Node, known: Known = ANYTHING) -> Claim:
    """The claim of a mapping."""
    kinds = [kind for kind in KINDS if kind in node.open_mapping()]
    if len(kinds) != 1:
        node.fail(
            f"a claim that can be judged has one of the keys {', '.join(KINDS)}, got"
            f" {' and '.join(kinds) or 'none'}; a claim that cannot is written as a text"
        )
    return READERS[kinds[0]](node, _Names(known))


def _better(node: Node, names: _Names) -> Claim:
    part = node.mapping(required=("claim", "better", "than", "on"), optional=("paper", "where", "across"))
    better, than = names.label(part["better"]), names.labels(part["than"])
    if better in than:
        part["than"].fail(f"{better} cannot be better than itself")
    return Better(
        **_shared(part, names),
        better=better,
        than=than,
        on=names.metric(part["on"]),
        across=_across(part.get("across")),
    )


def _rate(node: Node, names: _Names) -> Claim:
    part = node.mapping(required=("claim", "rate", "of"), optional=("paper", "where", "at_least", "at_most"))
    aim = list(part["rate"].open_mapping().items())
    if len(aim) != 1:
        part["rate"].fail(f"expected one metric and the value to reach, as in {{modes: 8}}, got {len(aim)} of them")
    bounds = [key for key in ("at_least", "at_most") if key in part]
    if len(bounds) != 1:
        node.fail(f"expected one of the keys at_least and at_most, got {' and '.join(bounds) or 'none'}")
    share = part[bounds[0]].number()
    if not 0 < share < 1:
        part[bounds[0]].fail(
            f"expected a share between 0 and 1, neither of which any number of trials could show, got {share:g}"
        )
    name, value = aim[0]
    return Rate(
        **_shared(part, names),
        of=names.labels(part["of"]),
        on=names.metric(part["rate"], name),
        value=value.number(),
        share=share,
        at_least=bounds[0] == "at_least",
    )


def _equal(node: Node, names: _Names) -> Claim:
    part = node.mapping(required=("claim", "equal", "on", "within"), optional=("paper", "where", "across"))
    pair = names.labels(part["equal"])
    if len(pair) != 2:
        part["equal"].fail(f"expected two methods, got {len(pair)}")
    return Equal(
        **_shared(part, names),
        equal=(pair[0], pair[1]),
        on=names.metric(part["on"]),
        within=_margin(part["within"]),
        across=_across(part.get("across")),
    )


def _trend(node: Node, names: _Names) -> Claim:
    kind = next(kind for kind in DIRECTIONS if kind in node.open_mapping())
    keys = ("claim", kind, "with", "of", *(("within",) if kind == "steady" else ()))
    part = node.mapping(required=keys, optional=("paper", "where"))
    return Trend(
        **_shared(part, names),
        direction=kind,
        on=names.metric(part[kind]),
        setting=names.swept(part["with"]),
        of=names.labels(part["of"]),
        within=_margin(part["within"]) if kind == "steady" else 0.0,
    )


def _shared(part: Mapping[str, Node], names: _Names) -> dict[str, Any]:
    """What every claim has."""
    return {
        "words": part["claim"].text(),
        "paper": part["paper"].text() if "paper" in part else "",
        "where": names.where(part["where"]) if "where" in part else {},
    }


def _margin(node: Node) -> float:
    margin = node.number()
    if margin <= 0:
        node.refuse("a margin above 0")
    return margin


def _across(node: Node | None) -> Across:
    if node is None:
        return "mean"
    if node.value not in ACROSS:
        node.refuse(" or ".join(ACROSS))
    return cast(Across, node.value)


class _Names:
    """Names in claims, each checked against what the study has."""

    def __init__(self, known: Known) -> None:
        self._known = known

    def label(self, node: Node) -> str:
        """A method of the runs."""
        return self._one_of(node, "method", node.text(), self._known.labels)

    def labels(self, node: Node) -> tuple[str, ...]:
        """A method, or several."""
        if isinstance(node.value, str):
            return (self.label(node),)
        names = node.texts()
        for one in node.sequence("methods"):
            self.label(one)
        return names

    def metric(self, node: Node, name: str | None = None) -> str:
        """A metric that the trials are scored by; name: where it is a key and no value."""
        return self._one_of(node, "metric", name or node.text(), self._known.metrics)

    def swept(self, node: Node) -> str:
        """A setting that has several values in the runs."""
        hint = "a trend needs a setting with several values"
        return self._one_of(
            node, "sweep of the runs", node.text(), None if self._known.swept is None else [*self._known.swept], hint
        )

    def where(self, node: Node) -> Where:
        """Data sets and settings with the values that they may have."""
        found = {}
        for key, value in node.open_mapping().items():
            values = value.choices()
            if key == "dataset":
                for one in values:
                    self._one_of(value, "data set", str(one), self._known.datasets)
            elif self._known.roots is not None:
                root = key.partition(".")[0]
                if root not in self._known.roots:
                    value.fail(f"expected 'dataset' or a setting, which begins with {', '.join(self._known.roots)}")
                tried = (self._known.swept or {}).get(key, values)
                for one in values:
                    if one not in tried:
                        value.fail(f"no run has {key}={one} (there are: {', '.join(map(str, tried))})")
            found[key] = values
        if not found:
            node.refuse("'dataset' or a setting, and its value")
        return found

    def _one_of(self, node: Node, kind: str, name: str, known: Sequence[str] | None, hint: str = "") -> str:
        if known is not None and name not in known:
            node.fail(str(UnknownNameError(kind, name, known, hint or "it is none of the runs'")))
        return name


READERS: Mapping[str, Callable[[Node, _Names], Claim]] = {
    "better": _better,
    "rate": _rate,
    "equal": _equal,
    "rises": _trend,
    "falls": _trend,
    "steady": _trend,
}
