"""Python with everything loaded, from which tests fork processes: importing torch takes most of a short one's time.

`PREPARED.executable` stands for `sys.executable`: `-m genbench.cli WORD…`, `-m genbench.engines.forkserver WORD…` and
`-m pytest WORD…` are forked from a process that has imported what they need; everything else is run by Python itself.
The forked process has the caller's files, folder, umask and environment, receives its signals, gives it its exit code,
and dies with it. Beside it stands a `genbench` that does the same.

`python prepared.py serve FOLDER` is that process; it ends with the process that FOLDER/owner names.
`python prepared.py call FOLDER WORD…` asks it for one.
"""

import fcntl
import importlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

PRELOADED = (
    *("torch", "torch._dynamo", "pandas", "hydra", "mlflow", "sqlalchemy", "alembic", "seaborn", "scipy.stats"),
    *("genbench.cli", "genbench.study.run", "genbench.training.rescore", "genbench.training.generator"),
    *("genbench.study.latents", "genbench.engines.local", "genbench.observers.mlflow", "genbench.data.ring"),
    *("genbench.nets.mlp", "genbench.metrics.modes", "genbench.report.contents", "genbench.report.formats.formats"),
    *("genbench.data.digits", "genbench.testing", "PIL.PngImagePlugin", "jinja2", "pytest", "hydra.core.config_store"),
    *("matplotlib.backends.backend_agg", "matplotlib.backends.backend_pdf", "mlflow.store.tracking.sqlalchemy_store"),
)
FORKED = ("genbench.cli", "genbench.engines.forkserver", "pytest")
"""The modules whose command lines are run in a forked process."""
FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR2)
VARIABLE = "GENBENCH_PREPARED"
"""The folder of a session's prepared process; tests that share the work share the process."""
SUPPORTED = sys.platform == "linux"


class Prepared:
    """The prepared process of a session of tests, started when it is first needed."""

    def __init__(self):
        self._folder = None

    @property
    def executable(self):
        """A program that runs Python's command lines, some of them from the prepared process."""
        return str(self.folder / "python") if SUPPORTED else sys.executable

    @property
    def folder(self):
        """Where its files are; made by the first process of a session, which passes it on to all others."""
        if self._folder is None:
            given = os.environ.get(VARIABLE)
            self._folder = Path(given or tempfile.mkdtemp(prefix="genbench-prepared-"))
            os.environ[VARIABLE] = str(self._folder)
            if not given:
                (self._folder / "owner").write_text(str(os.getpid()))
                python = shlex.quote(sys.executable)
                call = f"exec {python} -SE {shlex.quote(__file__)} call {shlex.quote(str(self._folder))} {python}"
                forked = "|".join(f'"-m {module}"' for module in FORKED)
                programs = {
                    "python": f'case "$1 $2" in {forked}) {call} "$@" ;; esac\nexec {python} "$@"',
                    "genbench": f'{call} -m genbench.cli "$@"',
                }
                for name, lines in programs.items():
                    (self._folder / name).write_text(f"#!/bin/sh\n{lines}\n")
                    (self._folder / name).chmod(0o755)
        return self._folder


PREPARED = Prepared()


def serve(folder):
    """Load the modules, then answer each call by a child of its own until the owner is gone."""
    for module in PRELOADED:
        importlib.import_module(module)
    sys.executable = str(folder / "python")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    owner = int((folder / "owner").read_text())
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "starting"))
        listening.listen(64)
        listening.settimeout(2)
        os.rename(folder / "starting", folder / "socket")
        while is_alive(owner):
            try:
                connection, _ = listening.accept()
            except TimeoutError:
                continue
            if os.fork() == 0:
                listening.close()
                connection.settimeout(None)
                answer(connection)
            connection.close()


def answer(connection):
    """Do what a caller asks for, as if this were its process; never returns."""
    os.setsid()
    for number in (signal.SIGCHLD, *FORWARDED):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    request, files, _, _ = socket.recv_fds(connection, 1 << 20, 3)
    asked = json.loads(request)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
    os.umask(asked["umask"])
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    added = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part and part not in sys.path]
    sys.path[:0] = added
    connection.sendall(f"{os.getpid()}\n".encode())
    # When the caller is killed, the kernel closes its end, and this process is killed with it.
    fcntl.fcntl(connection, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(connection, 10, signal.SIGKILL)  # F_SETSIG
    fcntl.fcntl(connection, fcntl.F_SETFL, fcntl.fcntl(connection, fcntl.F_GETFL) | os.O_ASYNC)
    code = 1
    try:
        run(asked["words"])
        code = 0
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    if "coverage" in sys.modules and (measured := sys.modules["coverage"].Coverage.current()):
        measured.stop()
        measured.save()
    fcntl.fcntl(connection, fcntl.F_SETFL, fcntl.fcntl(connection, fcntl.F_GETFL) & ~os.O_ASYNC)
    connection.sendall(f"{code}\n".encode())
    os._exit(code)


def run(words):
    """What Python does with these words."""
    if words[:2] == ["-m", "genbench.cli"]:
        sys.argv = ["genbench", *words[2:]]
        from genbench.cli import main

        main()
    elif words[:2] == ["-m", "genbench.engines.forkserver"]:
        from genbench.engines.forkserver import serve as serve_workers

        serve_workers(words[2:])
    elif words[:2] == ["-m", "pytest"]:
        import pytest

        sys.argv = ["pytest", *words[2:]]
        raise SystemExit(pytest.console_main())
    else:
        sys.argv = words
        program = Path(words[0]).read_text(encoding="utf-8")
        exec(compile(program, words[0], "exec"), {"__name__": "__main__"})


def call(folder, python, words):
    """Have the prepared process run the words; exit as that did, killed where it was."""
    connection = connected(folder, python)
    umask = os.umask(0)
    asked = {"words": words, "folder": os.getcwd(), "environment": dict(os.environ), "umask": umask}
    socket.send_fds(connection, [json.dumps(asked).encode()], [0, 1, 2])
    answers = connection.makefile()
    pid = int(answers.readline())
    for number in FORWARDED:
        signal.signal(number, lambda number, frame: os.kill(pid, number))
    code = answers.readline()
    if not code:
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(int(code))


def connected(folder, python):
    """A connection to the prepared process, which the first caller starts."""
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "socket").exists():
            log = (folder / "log.txt").open("w")
            environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
            process = subprocess.Popen(
                [python, __file__, "serve", str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**environment, "OMP_NUM_THREADS": "1"},
                cwd="/",
            )
            while not (folder / "socket").exists():
                assert process.poll() is None, (folder / "log.txt").read_text()
                time.sleep(0.05)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(folder / "socket"))
    return connection


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(Path(sys.argv[2]))
    else:
        call(Path(sys.argv[2]), sys.argv[3], sys.argv[4:])
