"""Damage to the files of trials, and what a command says of it."""

import contextlib
import io
import json
import os
import string
import traceback
from types import SimpleNamespace

from hypothesis import HealthCheck, Phase
from hypothesis import settings as how
from hypothesis import strategies as st

from genbench import cli
from genbench.trial.json_file import SEAL, seal
from genbench.trial.trial import Trial

TIMES = int(os.environ.get("GENBENCH_FUZZ", "1"))


def examples(count):
    """So many examples, the same ones in every run unless more are asked for."""
    checks = [
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
    ]
    steps = [Phase.explicit, Phase.generate, *([Phase.shrink] if TIMES == 1 else [])]  # shrinking takes minutes
    return how(
        max_examples=count * TIMES,
        deadline=None,
        derandomize=TIMES == 1,
        database=None,
        suppress_health_check=checks,
        phases=steps,
        print_blob=True,
    )


def call(*words):
    """A command's exit code, stdout and stderr, both as a terminal takes them, and the traceback if there was one."""
    streams = [
        io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors=errors, write_through=True)
        for errors in ("strict", "backslashreplace")
    ]
    code, trace = None, ""
    with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
        try:
            cli.main([str(word) for word in words])
        except SystemExit as end:
            code = end.code
        except Exception:
            trace = traceback.format_exc()
    out, err = (stream.buffer.getvalue().decode() for stream in streams)
    return SimpleNamespace(code=code, out=out, err=err, trace=trace)


PLAIN = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=8),
        st.sampled_from(["../../x", "finished", "toy", 10**400, 2**70]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=6,
)


@st.composite
def damage(draw, lined=False, forged=True):
    """A function from a file's bytes to damaged ones: bytes changed, cut or put in, or a value of its JSON replaced,
    removed or added.

    forged: in half of the cases the id and the seal of a file are made anew, which nobody could tell.
    """
    kind = draw(st.sampled_from(["flip", "cut", "insert", "replace", "replace", "remove", "add"]))
    at, plain, bits = draw(st.floats(0, 1, exclude_max=True)), draw(PLAIN), draw(st.binary(min_size=1, max_size=9))
    name = draw(st.text(string.ascii_lowercase, min_size=1, max_size=5))

    def bytewise(content):
        place = int(at * len(content))
        if kind == "flip":
            return content[:place] + bytes([content[place] ^ bits[0]]) + content[place + 1 :]
        return content[:place] if kind == "cut" else content[:place] + bits + content[place:]

    def structured(content):
        top = json.loads(content)
        places, waiting = [], [top]
        while waiting:
            node = waiting.pop()
            for key in node if isinstance(node, dict) else range(len(node)):
                places.append((node, key))
                waiting += [node[key]] if isinstance(node[key], dict | list) and node[key] else []
        node, key = places[int(at * len(places))]
        if kind == "remove":
            del node[key]
        elif kind == "add" and isinstance(node, dict):
            node[name] = plain
        else:
            node[key] = plain
        if forged and isinstance(top, dict) and draw(st.booleans()):
            # Somebody who can change a file can change its id and its seal as well.
            own = {key: value for key, value in top.items() if key != SEAL}
            if isinstance(top.get("settings"), dict):
                with contextlib.suppress(Exception):
                    own["id"] = Trial(**{key: value for key, value in own.items() if key != "id"}).id
            top = {**own, SEAL: seal(own)}
        return json.dumps(top).encode()

    def apply(content):
        if kind in ("flip", "cut", "insert"):
            return bytewise(content)
        if not lined:
            return structured(content)
        lines = content.splitlines()
        number = int(at * len(lines))
        return b"\n".join([*lines[:number], structured(lines[number]), *lines[number + 1 :]]) + b"\n"

    return apply
