"""A real Slurm of two nodes on this machine's loopback, for tests: installed when missing, started, and stopped without
a trace.
"""

import os
import secrets
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import debian

PACKAGES = {"slurmctld": "slurmctld", "slurmd": "slurmd", "sbatch": "slurm-client", "munged": "munge"}
ACCOUNTING_PACKAGES = {"slurmdbd": "slurmdbd", "mariadbd": "mariadb-server", "mariadb-install-db": "mariadb-server"}
"""Program to the Debian package that has it."""

CONF = """\
ClusterName=genbench
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CryptoType=crypto/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
SlurmctldPort={ports[0]}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmdSpoolDir={folder}/spool-%n
StateSaveLocation={folder}/state
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd-%n.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=2,bf_interval=2,requeue_delay=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmctldParameters=preempt_send_user_signal
JobRequeue=1
ReturnToService=2
KillWait=20
InactiveLimit=0
SlurmctldTimeout=10
SlurmdTimeout=10
MessageTimeout=5
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherParams=OverMemoryKill
JobAcctGatherFrequency=1
{accounting}
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} Sockets=1 CoresPerSocket=2 ThreadsPerCore=1 \
RealMemory=4000
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} Sockets=1 CoresPerSocket=2 ThreadsPerCore=1 \
RealMemory=4000
PartitionName=low  Nodes=n1,n2 Default=YES PriorityTier=1 MaxTime=60 GraceTime=20 PreemptMode=REQUEUE State=UP \
DefMemPerCPU=500
PartitionName=high Nodes=n1,n2 PriorityTier=10 MaxTime=60 PreemptMode=OFF State=UP DefMemPerCPU=500
"""
WITH_ACCOUNTING = """\
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={port}
AccountingStoragePass={folder}/munge.socket
"""
DBD_CONF = """\
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
DbdHost={host}
DbdAddr=127.0.0.1
DbdPort={port}
SlurmUser=root
PidFile={folder}/slurmdbd.pid
LogFile={folder}/log/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={database}
StorageUser=root
StorageLoc=slurm_acct_db
"""


class Cluster:
    """The cluster's processes; SLURM_CONF in this process's environment points every Slurm command at it."""

    def __init__(self, folder):
        self.folder = folder
        self.processes = {}

    def start(self, name, *command):
        """Start a process that stays in the foreground; its output goes to the log folder."""
        with (self.folder / "log" / f"{name}.out").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )

    def start_node(self, name):
        """Start a node's slurmd."""
        self.start(name, debian.program("slurmd"), "-D", "-f", str(self.folder / "slurm.conf"), "-N", name)

    def lose_node(self, name):
        """Kill everything that runs on a node, as when its power fails."""
        self.processes[name].kill()
        self.processes[name].wait()
        for pid, environment in self._own():
            if f"SLURMD_NODENAME={name}".encode() in environment or f"{self.folder}/spool-{name}" in _open_files(pid):
                _kill(pid)

    def stop(self):
        """Stop every process of the cluster, its jobs' too."""
        for process in reversed(self.processes.values()):
            process.terminate()
        for process in reversed(self.processes.values()):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for pid, _ in self._own():
            _kill(pid)

    def _own(self):
        """The processes that were started with this cluster's configuration, and their environments."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and int(entry.name) != os.getpid():
                try:
                    environment = (entry / "environ").read_bytes().split(b"\0")
                except OSError:  # it has ended
                    continue
                if f"SLURM_CONF={self.folder}/slurm.conf".encode() in environment:
                    yield int(entry.name), environment


@contextmanager
def cluster(folder, accounting=False):
    """A running cluster with partitions low (preempted and requeued, 20 s of grace) and high; two nodes of 2 cores and
    4 GB.

    Needs root, and apt-get where something is missing. Raises when it cannot be started.
    """
    debian.install(PACKAGES | (ACCOUNTING_PACKAGES if accounting else {}), root=True)
    folder = Path(folder)
    for name in ("log", "state", "spool-n1", "spool-n2"):
        (folder / name).mkdir(parents=True)
    running = Cluster(folder)
    before = os.environ.get("SLURM_CONF")
    os.environ["SLURM_CONF"] = str(folder / "slurm.conf")
    try:
        _start(running, accounting)
        yield running
    except BaseException:
        for log in sorted((folder / "log").iterdir()):
            print(f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-20:]))
        raise
    finally:
        running.stop()
        if before is None:
            del os.environ["SLURM_CONF"]
        else:
            os.environ["SLURM_CONF"] = before


def _start(running, accounting):
    folder, host, ports = running.folder, socket.gethostname(), _free_ports(5)
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o400)
    files = [
        f"--{name}={folder}/munge.{name.removesuffix('-file')}"
        for name in ("socket", "key-file", "pid-file", "log-file", "seed-file")
    ]
    running.start(
        "munged", debian.program("munged"), "--foreground", "--force", *files
    )  # force: it finds a temporary folder unsafe
    _wait(lambda: (folder / "munge.socket").exists(), "munged")
    lines = WITH_ACCOUNTING.format(folder=folder, port=ports[3]) if accounting else ""
    (folder / "slurm.conf").write_text(CONF.format(host=host, folder=folder, ports=ports, accounting=lines))
    (folder / "slurm.conf").chmod(0o644)
    if accounting:
        _start_accounting(running, host, port=ports[3], database=ports[4])
    running.start("slurmctld", debian.program("slurmctld"), "-D", "-f", str(folder / "slurm.conf"))
    running.start_node("n1")
    running.start_node("n2")
    _wait(lambda: ask("sinfo", "-h", "-N", "-p", "low", "-o", "%T").split() == ["idle", "idle"], "the nodes")


def _start_accounting(running, host, *, port, database):
    folder = running.folder
    data = folder / "database"
    install = [
        debian.program("mariadb-install-db"),
        "--user=root",
        f"--datadir={data}",
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
    ]
    subprocess.run(install, check=True, capture_output=True, timeout=120)
    options = [
        f"--datadir={data}",
        f"--socket={folder}/sql.socket",
        f"--port={database}",
        "--bind-address=127.0.0.1",
        f"--pid-file={folder}/sql.pid",
    ]
    running.start("mariadbd", debian.program("mariadbd"), "--no-defaults", "--user=root", *options)
    _wait(lambda: _answers(database), "mariadbd")
    (folder / "slurmdbd.conf").write_text(DBD_CONF.format(folder=folder, host=host, port=port, database=database))
    (folder / "slurmdbd.conf").chmod(0o600)
    running.start("slurmdbd", debian.program("slurmdbd"), "-D")
    _wait(lambda: _answers(port), "slurmdbd")
    _wait(
        lambda: (
            ask("sacctmgr", "-i", "add", "cluster", "genbench")
            or "genbench" in ask("sacctmgr", "-n", "list", "cluster")
        ),
        "the cluster's account",
    )


def ask(*command):
    """What a Slurm command prints, empty when it fails; a client of a sick cluster would otherwise wait for ever."""
    done = subprocess.run(["timeout", "15", *command], capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else ""


def _wait(ready, what):
    deadline = time.monotonic() + 90
    while not ready():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not start within 90 s")
        time.sleep(0.2)


def _free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _answers(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def _open_files(pid):
    try:
        return " ".join(os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return ""


def _kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # it has ended by itself
