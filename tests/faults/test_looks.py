"""Killing a study that runs until it is answered: its looks are in the files of its trials, and nowhere else."""

import os
import signal
import subprocess

from disturbed import command, small

WORDS = [*small(log_every=40, save_every=400), "train.updates=40", "toy.lr=1e-4,1e-2", "--study", "s"]


def test_after_the_supervisor_and_all_its_trials_were_killed_the_same_command_goes_on(tmp_path):
    words = command(tmp_path, *WORDS, "--until-decided", "--max-seeds", "3", "--slots", "1")
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        for line in process.stderr:
            if "seed 1: starts" in line:
                os.killpg(process.pid, signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL
    words = command(tmp_path, *WORDS, "--until-decided")
    ended = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "Look 1 of at most 1, at 3 of at most 3 seeds" in ended.stdout
