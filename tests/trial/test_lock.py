"""Holding a trial's folder: one worker at a time, its ranks included, and nothing in it that is no file or folder."""

import os

import pytest

from genbench.errors import GenbenchError, TrialBusyError
from genbench.trial.lock import check_links, hold_as_rank, locked


def test_a_folder_is_held_until_the_last_rank_of_an_earlier_attempt_has_ended(tmp_path):
    rank = hold_as_rank(tmp_path)
    with pytest.raises(TrialBusyError, match="is still held by ranks of an earlier attempt"), locked(tmp_path):
        pass
    rank.close()
    with locked(tmp_path):
        pass


def test_a_fifo_in_a_trials_folder_is_named(tmp_path):
    os.mkfifo(tmp_path / "samples")
    with pytest.raises(GenbenchError, match=r"samples is a FIFO; a trial's folder holds files and folders alone"):
        check_links(tmp_path)
