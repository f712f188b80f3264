"""Files: checkpoints and logs that are torn or flipped, disks that are full, folders that turn read-only."""

import subprocess
import sys

import pytest
from disks import fill, small_disk
from disturbed import assert_same, written

from genbench.training import worker
from genbench.trial import record

TORN, FLIPPED, CUT = 20, 20, 20
UPDATES = 30
SETTINGS = ("train.save_every=200", "train.log_every=40")


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    directory = written(tmp_path_factory.mktemp("quiet"), *SETTINGS, updates=UPDATES)
    assert worker.run_trial(directory) == worker.DONE
    return directory


def stopped(tmp_path, monkeypatch, updates, number):
    """A trial that was stopped after so many updates."""
    directory = written(tmp_path / str(number), *SETTINGS, updates=UPDATES)
    count = iter(range(10_000))
    with monkeypatch.context() as patch:
        patch.setattr(worker, "asked_to_stop", lambda: lambda: next(count) >= updates)
        assert worker.run_trial(directory) == worker.STOPPED
    return directory


def newest(directory):
    return max((directory / "checkpoint").glob("[0-9]*.pt"))


def damage(path, dice, kind):
    content = bytearray(path.read_bytes())
    if kind == "torn":
        content = content[: dice.randrange(len(content))]
    else:
        content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    path.write_bytes(content)


@pytest.mark.parametrize("kind", ["torn", "flipped"])
def test_a_damaged_checkpoint(quiet, tmp_path, monkeypatch, dice, fault, kind):
    for number in range(TORN if kind == "torn" else FLIPPED):
        directory = stopped(tmp_path, monkeypatch, dice.randrange(12, UPDATES), number)
        damage(newest(directory), dice, kind)
        assert worker.run_trial(directory) == worker.DONE
        assert_same(quiet, directory)
        fault(f"a checkpoint {kind} at a random place")


def test_every_checkpoint_damaged_is_said_and_costs_the_trial_alone(quiet, tmp_path, monkeypatch, dice, fault):
    directory = stopped(tmp_path, monkeypatch, 20, 0)
    for path in (directory / "checkpoint").glob("[0-9]*.pt"):
        damage(path, dice, "flipped")
    assert worker.run_trial(directory) == worker.FAILED
    assert "remove the folder to start the trial again" in record.read(directory).error
    for path in (directory / "checkpoint").iterdir():
        path.unlink()
    assert worker.run_trial(directory) == worker.DONE
    assert_same(quiet, directory)
    fault("every checkpoint of a trial flipped")


def test_a_log_cut_in_the_middle_of_a_line(quiet, tmp_path, monkeypatch, dice, fault):
    for number in range(CUT):
        # The last row must be younger than the checkpoint before the last one: an older one is on the disk for good.
        directory = stopped(tmp_path, monkeypatch, dice.choice([*range(12, 20), *range(22, UPDATES)]), number)
        path = directory / "metrics.jsonl"
        content = path.read_bytes()
        last = content.rstrip(b"\n").rfind(b"\n") + 1
        path.write_bytes(content[: dice.randrange(last + 1, len(content))])
        # The row that was cut is written again only if its update comes again, as after a crash: so the checkpoint goes
        # too.
        newest(directory).unlink()
        assert worker.run_trial(directory) == worker.DONE
        assert_same(quiet, directory)
        fault("metrics.jsonl cut in a line")


def trial(directory):
    return subprocess.run(
        [sys.executable, "-m", "genbench.cli", "trial", str(directory)], capture_output=True, text=True
    )


@pytest.mark.parametrize("number", range(4))
def test_a_full_disk(quiet, tmp_path, monkeypatch, fault, number):
    with small_disk(tmp_path / "disk") as disk:
        directory = stopped(disk, monkeypatch, 15, 0)
        ballast = disk / "ballast"
        fill(ballast, 1 << (12 if number % 2 else 16))
        failed = trial(directory)
        assert failed.returncode not in (0, 75)
        assert "Traceback" not in failed.stderr, failed.stderr
        assert "No space left" in failed.stderr + failed.stdout
        ballast.unlink()
        assert trial(directory).returncode == 0
        assert_same(quiet, directory)
        fault("a full disk")


@pytest.mark.parametrize("number", range(4))
def test_a_folder_that_turns_read_only(quiet, tmp_path, monkeypatch, fault, number):
    with small_disk(tmp_path / "disk") as disk:
        directory = stopped(disk, monkeypatch, 10 + 4 * number, 0)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        failed = trial(directory)
        assert failed.returncode not in (0, 75)
        assert "Traceback" not in failed.stderr, failed.stderr
        assert "Read-only file system" in failed.stderr
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        assert trial(directory).returncode == 0
        assert_same(quiet, directory)
        fault("a folder that turns read-only")
