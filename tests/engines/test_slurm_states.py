"""What a supervisor does about a trial's job in every state: a table, which needs no Slurm."""

import pytest

from genbench.engines.engine import RETRIES
from genbench.engines.slurm_job import Note
from genbench.engines.slurm_queue import OVER
from genbench.engines.slurm_states import GiveUp, Last, Submit, Wait, Watch, when_found, when_over
from genbench.training.attempt import DIVERGED, DONE, FAILED, STOPPED

KILLED = -9
NOTE = Note(name="genbench-s-1", index=3, job="7_3")
ONCE_KILLED = Note(name="genbench-s-1", index=3, job="7_3", killed=1)
OFTEN_KILLED = Note(name="genbench-s-1", index=3, job="7_3", killed=RETRIES)
ANOTHER = Note(name="genbench-s-2", index=0, job="8_0")
UNSUBMITTED = Note(name="genbench-s-2", index=0)


def row(claim, *cells):
    return pytest.param(*cells, id=claim.replace(" ", "-"))


@pytest.mark.parametrize(
    ("codes", "last"),
    [
        row("without attempts there is no last one", [], Last.NONE),
        row("an attempt without a code is open", [STOPPED, None], Last.OPEN),
        row("an attempt that was stopped can go on", [None, STOPPED], Last.STOPPED),
        row("success is an end", [DONE], Last.ENDED),
        row("failure is an end", [FAILED], Last.ENDED),
        row("divergence is an end", [None, DIVERGED], Last.ENDED),
    ],
)
def test_the_last_attempt_is_read_from_the_exit_codes(codes, last):
    assert Last.of(codes) is last


@pytest.mark.parametrize(
    ("note", "codes", "state", "failed", "action"),
    [
        row("a job that waits is watched", NOTE, [], "PENDING", False, Watch(NOTE)),
        row("a job that runs is watched and its running attempt is told", NOTE, [None], "RUNNING", False, Watch(NOTE)),
        row("earlier attempts are not told again", NOTE, [None, 75, None], "RUNNING", False, Watch(NOTE, 2)),
        row("a job that is requeued after a stop is watched", NOTE, [STOPPED], "PENDING", False, Watch(NOTE)),
        row("a job that is about to end is watched", NOTE, [DONE], "COMPLETING", False, Watch(NOTE)),
        row("the kill of a job that is over is for watching to settle", NOTE, [None], "FAILED", False, Watch(NOTE)),
        row("so is that of a job that Slurm knows no more", NOTE, [75, None], "", False, Watch(NOTE, 1)),
        row("a failure is told first", NOTE, [FAILED], "COMPLETED", True, Watch(NOTE)),
        row("a failure is told first even of a cancelled job", NOTE, [FAILED], "CANCELLED", True, Watch(NOTE)),
        row("a failure without a record is run afresh", ONCE_KILLED, [FAILED], "COMPLETED", False, Submit()),
        row("a stopped trial goes on", NOTE, [STOPPED], "TIMEOUT", False, Submit()),
        row("a stopped trial of a forgotten job goes on", NOTE, [STOPPED], "", False, Submit()),
        row("kills count across jobs", ONCE_KILLED, [None, STOPPED], "COMPLETED", False, Submit(killed=2)),
        row("after a cancellation no kill counts", ONCE_KILLED, [None, STOPPED], "CANCELLED", False, Submit()),
        row("a cancelled attempt is no kill", ONCE_KILLED, [None], "CANCELLED", False, Submit()),
        row("a job that was over before it began is submitted afresh", ONCE_KILLED, [], "NODE_FAIL", False, Submit()),
        row("a forgotten job that never began is submitted afresh", ONCE_KILLED, [], "", False, Submit()),
        row("a diverged trial is run again when asked for", NOTE, [DIVERGED], "COMPLETED", False, Submit()),
    ],
)
def test_a_job_that_is_found_is_watched_or_its_trial_submitted(note, codes, state, failed, action):
    assert when_found(note, codes, state, failed=failed) == action


@pytest.mark.parametrize(
    ("note", "codes", "state", "action"),
    [
        row("a killed attempt is told and counts", NOTE, [None], "FAILED", Submit(killed=1, ended=KILLED)),
        row("so where Slurm knows the job no more", NOTE, [None], "", Submit(killed=1, ended=KILLED)),
        row("kills of all jobs count", ONCE_KILLED, [None], "NODE_FAIL", Submit(killed=2, ended=KILLED)),
        row("kills within a job count", NOTE, [None, None], "OUT_OF_MEMORY", Submit(killed=2, ended=KILLED)),
        row("the last kill is final", OFTEN_KILLED, [None], "FAILED", GiveUp(ended=KILLED)),
        row("so with kills within the job", ONCE_KILLED, [None, None], "NODE_FAIL", GiveUp(ended=KILLED)),
        row("a preempted attempt is no kill", OFTEN_KILLED, [None], "PREEMPTED", Submit(killed=2, ended=KILLED)),
        row("a stop is no kill and has been told", OFTEN_KILLED, [STOPPED], "TIMEOUT", Submit(killed=2)),
        row("a kill before a stop counts", ONCE_KILLED, [None, STOPPED], "COMPLETED", Submit(killed=2)),
        row("a job that never began counts as killed", NOTE, [], "BOOT_FAIL", Submit(killed=1)),
        row("a trial whose jobs never begin has failed", OFTEN_KILLED, [], "BOOT_FAIL", GiveUp(ended=FAILED)),
        row("a cancelled job that waited is a stop", NOTE, [], "CANCELLED", GiveUp(ended=STOPPED)),
        row("the accounting adds by whom it was cancelled", NOTE, [], "CANCELLED by 0", GiveUp(ended=STOPPED)),
        row("a cancelled trial that saved is a stop", NOTE, [STOPPED], "CANCELLED", GiveUp(ended=STOPPED)),
        row("a cancelled trial that could not save was killed", NOTE, [None], "CANCELLED", GiveUp(ended=KILLED)),
    ],
)
def test_a_trial_whose_job_is_over_is_submitted_again_or_given_up(note, codes, state, action):
    assert when_over(note, codes, state, noted=note) == action


@pytest.mark.parametrize(
    ("codes", "noted", "action"),
    [
        row("a job without its note was cancelled while it waited", [], None, GiveUp(ended=STOPPED)),
        row("a job without its note was cancelled after it saved", [STOPPED], None, GiveUp(ended=STOPPED)),
        row("a job without its note is not tried again after a kill", [None], None, GiveUp(ended=KILLED)),
        row("the job of another supervisor is watched from its start", [None], ANOTHER, Watch(ANOTHER)),
        row("what another supervisor is submitting is waited for", [None], UNSUBMITTED, Wait()),
    ],
)
def test_a_changed_note_says_whose_the_trial_is_now(codes, noted, action):
    assert when_over(NOTE, codes, "COMPLETED", noted=noted) == action


@pytest.mark.parametrize("state", sorted(OVER - {"CANCELLED", "PREEMPTED"}))
def test_but_for_cancellation_and_preemption_it_makes_no_difference_how_a_job_is_over(state):
    for codes in ([], [None], [STOPPED], [None, STOPPED], [STOPPED, None], [DONE]):
        assert when_found(ONCE_KILLED, codes, state, failed=False) == when_found(ONCE_KILLED, codes, "", failed=False)
        assert when_over(ONCE_KILLED, codes, state, noted=ONCE_KILLED) == when_over(
            ONCE_KILLED, codes, "", noted=ONCE_KILLED
        )
