"""The record of a trial whose worker could not write one."""

import signal

from genbench.training.attempt import record_of_lost


def test_a_trial_whose_log_is_damaged_has_a_record_without_clocks(study):
    planned = study()
    (trial,) = planned.trials
    directory = planned.directory_of(trial)
    (directory / "metrics.jsonl").write_text("no JSON\n")
    found = record_of_lost(trial, directory, -signal.SIGKILL, attempts=3)
    assert (found.status, found.images, found.updates) == ("failed", 0, 0)
