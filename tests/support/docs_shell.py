"""A `genbench` for the pages' commands that is forked from a process with torch loaded: importing it again would take
most of their time.

`python docs_shell.py serve SOCKET` waits for calls; `python docs_shell.py call SOCKET genbench WORD…` makes one: the
command runs with the caller's files, folder and environment, receives its signals, and gives it its exit code. `call
SOCKET python FILE` runs a program.
"""

import importlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import traceback
from pathlib import Path

PRELOADED = [
    *(
        "torch._dynamo",
        "pandas",
        "hydra",
        "genbench.cli",
        "genbench.study.run",
        "genbench.training.rescore",
        "genbench.training.generator",
        "genbench.engines.local",
    ),
    *(
        "genbench.data.ring",
        "genbench.nets.mlp",
        "genbench.metrics.modes",
        "genbench.report.contents",
        "genbench.report.formats.formats",
    ),
]


def serve(path):
    """Load the modules, then answer each call by a child of its own, forever."""
    for module in PRELOADED:
        importlib.import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        while True:
            connection, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                answer(connection)
            connection.close()


def answer(connection):
    """Do what a caller asks for, as if this were its process; never returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request, files, _, _ = socket.recv_fds(connection, 65536, 3)
    asked = json.loads(request)
    for number, file in enumerate(files):
        os.dup2(file, number)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.path[:0] = [
        part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part and part not in sys.path
    ]
    connection.sendall(f"{os.getpid()}\n".encode())
    code = 1
    try:
        program, *sys.argv[1:] = asked["words"]
        sys.argv[0] = program
        run_genbench() if program == "genbench" else run_python()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    connection.sendall(f"{code}\n".encode())
    os._exit(code)


def run_genbench():
    """The command line with sys.argv's words."""
    from genbench.cli import main

    main()


def run_python():
    """The program in the file that sys.argv names."""
    with open(sys.argv[1], encoding="utf-8") as file:
        exec(compile(file.read(), sys.argv[1], "exec"), {"__name__": "__main__"})


def call(path, words):
    """Have the words run and return their exit code; 137 where the process was killed."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        asked = {"words": words, "folder": os.getcwd(), "environment": dict(os.environ)}
        socket.send_fds(connection, [json.dumps(asked).encode()], [0, 1, 2])
        answers = connection.makefile()
        pid = int(answers.readline())
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, frame: os.kill(pid, number))
        return int(answers.readline() or 137)


class Shell:
    """Runs what pages show, as their reader would, with a `genbench` that starts fast; what pip installs goes into a
    folder of its own.
    """

    def __init__(self, folder):
        self._folder = folder
        self._server = subprocess.Popen(
            [sys.executable, __file__, "serve", str(folder / "socket")], env=self._environment(folder)
        )
        self._call = [sys.executable, "-SE", __file__, "call", str(folder / "socket")]
        (folder / "bin").mkdir()
        script = folder / "bin" / "genbench"
        script.write_text(f'#!/bin/sh\nexec {shlex.join(self._call)} genbench "$@"\n')
        script.chmod(0o755)
        while not (folder / "socket").exists():
            assert self._server.poll() is None, "the server of the pages' commands could not start"
            time.sleep(0.05)

    def close(self):
        self._server.kill()
        self._server.wait()

    def bash(self, body, folder):
        return self._run(["bash", "-euo", "pipefail", "-c", body], folder)

    def python(self, body, folder):
        program = folder / ".block.py"
        program.write_text(body)
        return self._run([*self._call, "python", str(program)], folder)

    def _run(self, command, folder):
        done = subprocess.run(
            command,
            cwd=folder,
            env=self._environment(folder),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert done.returncode == 0, f"{command[-1]}\n{done.stdout}"
        return done.stdout

    def _environment(self, folder):
        installed = str(folder / "site")
        return {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("PYTHONPATH", "GENBENCH", "MLFLOW"))
            },
            "PATH": os.pathsep.join([str(self._folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": installed,
            "PIP_TARGET": installed,
            "PIP_NO_DEPS": "1",
            "PIP_NO_INDEX": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_BUILD_ISOLATION": "0",  # pip reads it as the value of build_isolation
            "XDG_CACHE_HOME": str(self._folder / "cache"),
            "OMP_NUM_THREADS": "1",
        }


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    else:
        sys.exit(call(sys.argv[2], sys.argv[3:]))
