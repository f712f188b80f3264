"""What tells trials apart, in words."""

from dataclasses import replace

from genbench.trial import difference
from genbench.trial.trial import Trial

ONE = Trial(
    study="s",
    method="gram",
    dataset="ring",
    architecture="mlp",
    seed=0,
    settings={"method": {"lr": 1e-3}, "net": {"width": 8}, "train": {"batch": 20}, "evaluate": {"batch": 500}},
)


def changed(**sections):
    return replace(ONE, settings={**ONE.settings, **sections})


def test_trials_of_a_sweep_are_called_by_what_differs_and_others_by_their_method():
    trials = [ONE, changed(method={"lr": 1e-2}), replace(ONE, method="gan"), replace(ONE, seed=1)]
    assert [difference.names(trials)[trial.directory] for trial in trials] == [
        "gram lr=0.001",
        "gram lr=0.01",
        "gan",
        "gram lr=0.001",
    ]


def test_a_name_that_two_sections_have_is_said_in_full():
    trials = [ONE, changed(train={"batch": 40}, evaluate={"batch": 50})]
    assert difference.names(trials)[ONE.directory] == "gram train.batch=20 evaluate.batch=500"


def test_of_two_architectures_their_names_are_said_and_not_all_that_follows():
    trials = [ONE, replace(changed(net={"depth": 3}), architecture="dcgan")]
    assert list(difference.names(trials).values()) == ["gram net=mlp", "gram net=dcgan"]


def test_a_setting_that_changes_no_number_tells_trials_apart_where_it_is_swept():
    trials = [replace(ONE, swept={"threads": count}, running={"threads": count}) for count in (1, 2)]
    assert [difference.words(own) for own in difference.differing(trials)] == ["threads=1", "threads=2"]
