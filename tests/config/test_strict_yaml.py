"""Reading YAML strictly: what is unclear is refused, with the file and the place in it."""

import itertools
import math
import os
import time
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genbench.config import strict_yaml
from genbench.config.strict_yaml import Node, read_yaml
from genbench.errors import SettingsError


@pytest.fixture
def read(tmp_path):
    """read(text): what a file of that text holds."""

    def of(text):
        path = tmp_path / "a.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_yaml(path)

    return of


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("1e-4", 1e-4),
        ("5E+3", 5e3),
        ("-1e2", -1e2),
        ("1_000e1", 1e4),
        ("1.5e-3", 1.5e-3),
        ("7", 7),
        ("1_200_000", 1_200_000),
    ],
)
def test_numbers_are_numbers_also_without_a_point(read, word, value):
    found = read(f"lr: {word}")["lr"]
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize("word", ["010", "1:30", "1:30.5", "0x10", "0b1", "-010"])
def test_a_number_in_another_base_is_refused_and_not_counted_over(read, word):
    with pytest.raises(SettingsError, match=rf"a\.yaml, line 1: {word} is no plain number"):
        read(f"seeds: [{word}]")
    assert read(f"seeds: ['{word}']") == {"seeds": [word]}


@pytest.mark.parametrize("word", ["e-4", "1e", "1e-4x", "v1e-4"])
def test_what_only_looks_like_a_number_is_a_text(read, word):
    assert read(f"lr: {word}")["lr"] == word


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", r"a\.yaml, line 3: 'a' is there twice"),
        ("a:\n  - {b: 1, b: 2}\n", r"a\.yaml, line 2: 'b' is there twice"),
        ("a: [1\nb: 2\n", r"a\.yaml, line 2: "),
        ("a: b: c\n", r"a\.yaml, line 1: "),
        ("a: !!python/object/apply:os.getcwd []\n", r"a\.yaml, line 1: .*python"),
        ("? [a]\n: 1\n", r"a\.yaml, line 1: "),
        (b"\xff\xfe\xfa", r"a\.yaml cannot be read"),
        ("a: \x07\n", r"a\.yaml cannot be read"),
        ("a: 2020-13-45\n", r"a\.yaml cannot be read"),
        ("[" * 5000, r"a\.yaml cannot be read"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(read, text, said):
    with pytest.raises(SettingsError, match=said) as error:
        read(text)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"none\.yaml cannot be read: No such file"):
        read_yaml(tmp_path / "none.yaml")


LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in itertools.pairwise("abcdefghij")
)
"""400 bytes that mean a thousand million texts."""
MERGED = "a: &a {x: 1, y: 2}\n" + "".join(
    f"{new}: &{new}\n  <<: [{', '.join([f'*{old}'] * 9)}]\n" for old, new in itertools.pairwise("abcdefghij")
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LAUGHS, r"line \d+: more than 50,000 values, aliases written out"),
        (MERGED, r"line \d+: more than 50,000 values, aliases written out"),
        ("a: &a [*a]\n", "line 1: a value that holds itself"),
        ("a: &a {b: *a}\n", "line 1: a value that holds itself"),
        ("a: 0x" + "f" * 5000, "line 1: 0xf+ is no plain number"),
        ("a: -9223372036854775809", r"line 1: a whole number beyond 2\^63"),
        ("a: " + ":".join("1" * 3000), "line 1: 1:1[:1]* is no plain number"),
        ("a: " + ":".join("1" * 3000) + ".5", "line 1: 1:1[:1]* is no plain number"),
        ("{a: " * 3000 + "}" * 3000, "cannot be read"),
        ("- " * 10_000, "cannot be read"),
        ("a: [" + "1, " * 100_000 + "1]", "it holds more than 131,072 bytes"),
        ("!" + "a" * 100_000 + " 1", "line 1: "),
        ("a: *" + "a" * 100_000, "line 1: "),
    ],
)
def test_what_would_grow_without_end_is_refused_early_and_shortly(read, text, said):
    with pytest.raises(SettingsError, match=said) as error:
        read(text)
    assert len(str(error.value)) < 900


@pytest.mark.parametrize(
    ("take", "value"),
    [
        (Node.text, "a" * 100_000),
        (Node.texts, ["a" * 100_000]),
        (Node.texts, [str(number) for number in range(2000)]),
        (Node.wholes, list(range(200_000))),
        (Node.wholes, [*range(9999), 0]),
        (Node.mapping, {"a" * 100_000: 1}),
        (Node.number, "a" * 100_000),
    ],
)
def test_what_is_too_long_is_refused_at_once_and_shortly(take, value):
    with pytest.raises(SettingsError) as error:
        take(Node(value, Path("a.yaml")))
    assert len(str(error.value)) < 900


def test_ten_thousand_seeds_are_read_in_a_moment():
    seeds = list(range(10_000))
    began = time.process_time()
    assert Node(seeds, Path("a.yaml")).wholes() == tuple(seeds)
    assert time.process_time() - began < 2


def test_nobody_waits_for_a_file_that_is_a_fifo(tmp_path):
    os.mkfifo(tmp_path / "a.yaml")
    with pytest.raises(SettingsError, match=r"a\.yaml cannot be read: it is a FIFO"):
        read_yaml(tmp_path / "a.yaml")


def test_what_is_merged_into_a_mapping_may_be_set_anew(read):
    assert read("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\n")["b"] == {"x": 1, "y": 3}


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet=st.sampled_from("ab:-[]{}#&*!|>'\"%@`?, \n\t1.e"), max_size=40))
def test_any_text_is_read_or_refused(read, text):
    with suppress(SettingsError):
        read(text)


def node(value):
    return Node({"top": value}, "f.yaml").mapping(required=("top",))["top"]


@pytest.mark.parametrize(
    ("look", "value", "said"),
    [
        (
            lambda n: n.mapping(optional=("seeds",)),
            {"sedes": 1},
            "f.yaml: top: unknown key 'sedes': did you mean 'seeds'",
        ),
        (lambda n: n.mapping(required=("seeds",)), {}, "f.yaml: top: the key 'seeds' is missing"),
        (lambda n: n.mapping(), [1], "f.yaml: top: expected keys and values, got '[1]'"),
        (lambda n: n.open_mapping(), {1: 2}, "the key '1' is no text"),
        (lambda n: n.sequence("runs"), {"a": 1}, "expected a list of runs"),
        (lambda n: n.text(), 3, "expected a text, got '3'"),
        (lambda n: n.text(), None, "expected a text, got nothing"),
        (lambda n: n.texts(), ["a", 1], "f.yaml: top[1]: expected a text"),
        (lambda n: n.texts(), ["a", "a"], "'a' is there twice"),
        (lambda n: n.texts(), [], "expected at least one"),
        (lambda n: n.wholes(), [0, -1], "f.yaml: top[1]: expected a whole number from 0, got '-1'"),
        (lambda n: n.whole(), True, "expected a whole number"),
        (lambda n: n.whole(at_least=1), 0, "from 1"),
        (lambda n: n.number(), "1,5", "expected a number, got '1,5'"),
        (lambda n: n.number(), math.inf, "expected a number"),
        (lambda n: n.choices(), [], "a value, or a list"),
        (lambda n: n.choices(), {"a": 1}, "a value, or a list"),
        (lambda n: n.choices(), [[["a"]]], "written [[a, b]]"),
    ],
)
def test_a_value_of_another_kind_is_named_with_its_place(look, value, said):
    with pytest.raises(SettingsError) as error:
        look(node(value))
    assert said in str(error.value)


def test_long_values_are_cut_short_in_messages():
    with pytest.raises(SettingsError) as error:
        node("x" * 1000).number()
    assert len(str(error.value)) < 120


def test_choices_are_one_value_or_those_of_a_list():
    assert node(1).choices() == (1,)
    assert node(None).choices() == (None,)
    assert node([1, None, "a"]).choices() == (1, None, "a")
    assert node([[1, 2]]).choices() == ([1, 2],)


def test_line_breaks_in_a_text_are_spaces():
    assert node("one\n  two\n").text() == "one two"


STUDIES = sorted((Path(__file__).parents[2] / "benchmarks").glob("*.yaml"))


@pytest.mark.skipif(strict_yaml._Fast is None, reason="this PyYAML has no libyaml")
def test_both_parsers_read_every_study_alike():
    assert len(STUDIES) > 10
    for path in STUDIES:
        text = path.read_text()
        assert yaml.load(text, strict_yaml._Fast) == yaml.load(text, strict_yaml._Loader), path.name


@pytest.mark.skipif(strict_yaml._Fast is None, reason="this PyYAML has no libyaml")
@pytest.mark.parametrize("text", ["a: 1\na: 2", "a: &x [*x]", "a: 9223372036854775808", "a: [1", "a: b: c"])
def test_what_one_parser_refuses_the_other_refuses(text):
    for loader in (strict_yaml._Fast, strict_yaml._Loader):
        with pytest.raises(yaml.YAMLError):
            yaml.load(text, loader)


def test_a_number_with_an_exponent_and_no_point_is_a_number_to_both():
    for loader in filter(None, (strict_yaml._Fast, strict_yaml._Loader)):
        assert yaml.load("[1e-4, 1, on, text, null]", loader) == [1e-4, 1, True, "text", None]
