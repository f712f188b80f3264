"""The workers of a fork server: those that do not stop are killed, and a server that is gone costs nothing but them."""

import signal
import sys

import pytest

from genbench.engines import workers


@pytest.fixture
def server(tmp_path, monkeypatch):
    """server(lines): workers of a fork server that is these lines of a shell."""
    opened = []

    def start(lines):
        program = tmp_path / "python"
        program.write_text(f"#!/bin/sh\n{lines}\n")
        program.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(program))
        opened.append(workers.Workers([]))
        return opened[-1]

    yield start
    for one in opened:
        if one._process.returncode is None:
            one.close()


def test_workers_that_do_not_stop_in_time_are_killed(server, monkeypatch):
    monkeypatch.setattr(workers, "PATIENCE", 0.0)
    deaf = server("""read stop; read kill; case "$kill" in *": 9}"*) echo '{"ended": "a", "status": -9}';; esac""")
    assert deaf.stop_all(["a"]) == {"a": -signal.SIGKILL}


def test_workers_whose_server_is_gone_count_as_killed(server, tmp_path):
    gone = server("exit 0")
    assert gone._process.wait() == 0
    gone.start(tmp_path, {})
    assert gone.stop_all(["a", "b"]) == {"a": -signal.SIGKILL, "b": -signal.SIGKILL}
    assert gone.close() == 0
