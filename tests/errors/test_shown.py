"""What is shown of text from outside."""

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genbench.errors import GenbenchError, shown
from genbench.observers import store

SECRET = "s3cret-of-somebody"


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("", ""),
        ("http://host:5000", "http://host:5000"),
        ("http://user:s3cret-of-somebody@host:5000/path", "http://host:5000/path"),
        ("http://s3cret-of-somebody@host", "http://host"),
        ("http://user:a@s3cret-of-somebody@host/path", "http://host/path"),
        ("http://user:a/s3cret-of-somebody@host/path", "http://host/path"),
        ("http://user:a?s3cret-of-somebody@host/path", "http://…"),
        ("http://user:a#s3cret-of-somebody@host/path", "http://…"),
        ("http://host/path?token=s3cret-of-somebody", "http://host/path"),
        ("http://host?to=a@s3cret-of-somebody", "http://…"),
        ("http://host/#s3cret-of-somebody", "http://host/"),
        ("user:s3cret-of-somebody@host/path", "host/path"),
        ("user:s3cret-of-somebody://x@host/path", "host/path"),
        ("host/path?token=s3cret-of-somebody", "host/path"),
        ("postgresql+psycopg2://user:s3cret-of-somebody@host/db?sslmode=require", "postgresql+psycopg2://host/db"),
        ("postgresql://host/db?user=u&password=s3cret-of-somebody", "postgresql://host/db"),
        ("sqlite:////folder/mlflow.db", "sqlite:////folder/mlflow.db"),
        ("file:///folder", "file:///folder"),
        ("databricks", "databricks"),
    ],
)
def test_an_address_is_shown_without_its_secrets(uri, said):
    assert shown.address(uri) == said
    assert SECRET not in shown.discreet(f"no answer from {uri}, or from '{uri}'")


@pytest.mark.parametrize(
    "text",
    [
        "Max retries exceeded with url: /?token=s3cret-of-somebody/api/2.0/mlflow (Caused by nothing)",
        "API request to https://user:s3cret-of-somebody@host/api failed",
        "cannot parse user:s3cret-of-somebody@host",
        "url: '/api?x=1&key=s3cret-of-somebody'",
    ],
)
def test_a_text_is_shown_without_the_secrets_of_the_addresses_in_it(text):
    assert SECRET not in shown.discreet(text)


def test_parts_of_a_known_address_are_hidden_wherever_they_stand():
    uri = "http://somebody:a%20b%20c%20d%20e@host/?token=0123456789"
    said = shown.discreet("refused: 'a b c d e' for somebody, token 0123456789, xxa%20b%20c%20d%20e", [uri])
    assert said == "refused: '…' for …, token …, xx…"


def test_what_a_server_repeats_of_what_it_was_sent_is_hidden(monkeypatch):
    sent = {"USERNAME": "somebody", "PASSWORD": "pa55-of-somebody", "TOKEN": "t0ken-of-somebody"}
    for name, value in sent.items():
        monkeypatch.setenv(f"MLFLOW_TRACKING_{name}", value)
    basic = base64.b64encode(b"somebody:pa55-of-somebody").decode()
    said = store.discreet(f"403 for somebody: pa55-of-somebody, Basic {basic}, t0ken-of-somebody")
    assert said == "403 for somebody: …, Basic …, …"


@pytest.mark.parametrize(
    "text",
    [
        "unknown setting 'gram.lt': did you mean 'gram.lr'? (there are: gram.lr)",
        "metrics fid@1a2b3c and fid@seed7",
        "/results/s/trials/a-1 cannot be read: Is it there? no",
        "git@github.com:genbench",
        "gan/v on ring: lr=1e-3",
    ],
)
def test_other_words_stay_as_they_are(text):
    assert shown.discreet(text, ["http://host"]) == text


@given(st.text(), st.lists(st.text(max_size=30), max_size=2))
def test_what_is_shown_once_is_shown_the_same_again(text, addresses):
    once = shown.short(shown.discreet(text, addresses))
    assert shown.short(once) == once


@given(st.text(st.characters(exclude_characters="@?#/:"), min_size=8).filter(lambda text: text not in "http://host/x"))
def test_no_password_is_shown(password):
    assert password not in shown.address(f"http://user:{password}@host/x")


@pytest.mark.parametrize("text", ["a" * 10**6, "a:" * 10**6, "@" * 10**6, "://" * 10**6, "?" * 10**6, "a " * 10**6])
def test_a_long_text_takes_no_time(text):
    began = time.process_time()
    shown.short(shown.discreet(f"unknown method '{text}'"))
    assert time.process_time() - began < 5


def test_what_is_too_long_is_cut_in_the_middle():
    said = shown.short(f"unknown method '{'a' * 100_000}': there are b")
    assert len(said) < 700
    assert said.startswith("unknown method 'aaa")
    assert said.endswith("aaa': there are b")
    assert len(shown.short("many words " * 100_000)) <= shown.LONGEST
    assert shown.short("a" * 600) == "a" * 600


STRANGE = "\x1b[2J\u202egram\x07\r\ud800\u2066"
SHOWN = r"\x1b[2J\u202egram\x07\r\ud800\u2066"


def test_what_commands_a_terminal_or_turns_a_line_is_shown_as_it_is_written():
    assert shown.plain(STRANGE) == SHOWN
    assert shown.plain(SHOWN) == SHOWN
    assert shown.plain("Zürich\u00a0– 評価\n\tgan/v") == "Zürich\u00a0– 評価\n\tgan/v"
    assert shown.plainly({STRANGE: [STRANGE, 1, None, (STRANGE,)]}) == {SHOWN: [SHOWN, 1, None, [SHOWN]]}


def test_no_error_commands_a_terminal():
    assert str(GenbenchError(f"unknown method '{STRANGE}'")) == f"unknown method '{SHOWN}'"
