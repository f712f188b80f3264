"""One process equals several: the real methods with real architectures, in fp64."""

import pytest
import rank_functions
from installed import METHODS

from genbench.contract.comm import Comm
from genbench.study.plan import plan_study
from genbench.testing.launch import launch

UPDATES = 6
SMALL = ["train.precision=fp64", "train.batch=32", "net.width=8", "net.latent=16", "evaluate.samples=20"]
if "mmdgan" in METHODS:
    SMALL += ["mmdgan.warmup=1", "mmdgan.warmup_critic_steps=8", "mmdgan.burst_every=0"]


@pytest.fixture(scope="module")
def trials(tmp_path_factory):
    """A trial of each method on the digits, with the paper's DCGAN: batch norm in every network."""
    folder = tmp_path_factory.mktemp("ranks")
    planned = plan_study(METHODS, ["digits"], [0], SMALL, name="ranks", results=folder)
    return [(trial.to_dict(), str(folder)) for trial in planned.trials]


@pytest.fixture(scope="module")
def alone(trials):
    return rank_functions.trained(Comm(), trials, UPDATES)


@pytest.fixture(scope="module")
def ranks(trials):
    return launch(rank_functions.trained, 2, trials, UPDATES)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(METHODS)), ids=METHODS)
def test_ranks_that_share_a_batch_train_as_one_process_that_has_all_of_it(number, alone, ranks):
    assert_equal(ranks, alone, number)


@pytest.mark.long
def test_so_do_four_of_them(trials, alone):
    ranks = launch(rank_functions.trained, 4, trials, UPDATES)
    for number in range(len(METHODS)):
        assert_equal(ranks, alone, number)


def assert_equal(ranks, alone, number):
    """Every rank ends with the parameters of one process."""
    for rank in ranks:
        for name, value in alone[number].items():
            assert (rank[number][name] - value).abs().max() == pytest.approx(0, abs=1e-9), (METHODS[number], name)


@pytest.mark.slow
@pytest.mark.methods
def test_what_parts_two_ranks_from_one_process_is_rounding_that_the_method_amplifies(tmp_path):
    """GRAM on the ring, where its system is nearly singular: a kick of one rounding error parts as far as two ranks."""
    (trial,) = plan_study(["gram"], ["ring"], [0], RING, name="ranks", results=tmp_path).trials
    plain = [(trial.to_dict(), str(tmp_path))]
    (alone,), (kicked,) = (rank_functions.trained(Comm(), plain, RING_UPDATES, kick=kick) for kick in (0.0, EPSILON))
    (two,), _ = launch(rank_functions.trained, 2, plain, RING_UPDATES)
    by_ranks, by_kick = (max((one[name] - alone[name]).abs().max() for name in alone) for one in (two, kicked))
    assert EPSILON * 1e3 < by_ranks < 30 * by_kick


@pytest.mark.slow
@pytest.mark.methods
def test_with_a_well_conditioned_system_two_ranks_sample_on_the_ring_as_one_process(tmp_path):
    (trial,) = plan_study(["gram"], ["ring"], [0], [*RING, "gram.ridge=1.0"], name="ranks", results=tmp_path).trials
    plain = [(trial.to_dict(), str(tmp_path))]
    (alone,), ((two,), _) = (
        rank_functions.trained(Comm(), plain, RING_UPDATES),
        launch(rank_functions.trained, 2, plain, RING_UPDATES),
    )
    for name, value in alone.items():
        if name.startswith("generator"):
            assert (two[name] - value).abs().max() == pytest.approx(0, abs=1e-8), name


EPSILON = 2.2e-16
RING = ["train.precision=fp64", "evaluate.samples=20"]
RING_UPDATES = 10
