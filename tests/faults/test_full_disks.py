"""Disks that fill up while a study runs: what can go on goes on, and the exit code says that something is missing."""

import subprocess

import pytest
from disks import fill, small_disk
from disturbed import assert_same, command, folders, plan, run, small

from genbench.study.run import write_trial
from genbench.trial import record

WORDS = [*small(log_every=400, save_every=1000), "train.updates=300"]


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    study = plan(tmp_path_factory.mktemp("quiet"), "train.save_every=1000", seeds=(0, 1), updates=300)
    run(study)
    return folders(study)


def call(results, *words):
    whole = command(results, "--study", "s", "--seeds", "0,1", *WORDS, *words)
    done = subprocess.run(whole, capture_output=True, text=True)
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


@pytest.mark.parametrize("room", [40, 52, 64])
def test_a_trial_whose_disk_is_full_fails_and_its_neighbour_goes_on(quiet, tmp_path, fault, room):
    study = plan(tmp_path, "train.save_every=1000", seeds=(0, 1), updates=300)
    full, other = folders(study)
    full.parent.mkdir(parents=True)
    with small_disk(full, size="1m"):
        write_trial(study.trials[0], full)
        ballast = full / "ballast"
        ballast.write_bytes(bytes((1024 - 4 * len(list(full.rglob("*"))) - room) * 1024))
        done = call(tmp_path)
        assert done.returncode == 1, done.stdout + done.stderr
        assert "No space left" in done.stderr
        assert "failed: toy on ring, seed 0: " in done.stderr
        assert "seed 1: finished" in done.stderr
        assert_same(quiet[1], other)
        ballast.unlink()
        assert call(tmp_path).returncode == 0
        assert_same(quiet[0], full)
    fault("a full disk of one trial while its study runs")


@pytest.mark.parametrize("room", [48, 60, 80, 100])
def test_a_study_whose_disk_fills_up_ends_in_order_and_the_same_command_goes_on(quiet, tmp_path, fault, room):
    with small_disk(tmp_path / "disk", size="8m") as disk:
        ballast = disk / "ballast"
        ballast.write_bytes(bytes((8192 - room) * 1024))
        done = call(disk)
        assert done.returncode == 1, done.stdout + done.stderr
        assert "No space left" in done.stderr
        fill(disk / "more", 4096)
        for path in ("ballast", "more"):
            (disk / path).unlink()
        assert call(disk).returncode == 0
        study = plan(disk, "train.save_every=1000", seeds=(0, 1), updates=300)
        for one, other in zip(quiet, folders(study), strict=True):
            assert record.read(other).status == "finished"
            assert_same(one, other)
    fault("a full disk while a study runs")
