"""A trained generator from its trial's folder."""

import pytest
import torch

import genbench
from genbench.errors import GenbenchError


def test_a_generator_is_loaded_from_a_trials_folder_and_repeats_its_samples(study, run_trial):
    planned = study()
    (trial,) = planned.trials
    directory = planned.directory_of(trial)
    with pytest.raises(GenbenchError, match="no checkpoint yet"):
        genbench.Generator.load(directory)
    run_trial(directory)
    generator = genbench.Generator.load(directory)
    assert generator.updates == 20
    assert generator.sample(30).shape == (30, 2)
    with pytest.raises(GenbenchError, match="must be at least 1, got 0"):
        generator.sample(0)
    assert torch.equal(generator.sample(30), genbench.Generator.load(directory).sample(30))


def test_a_folder_that_is_no_trials_is_named(tmp_path):
    with pytest.raises(GenbenchError, match=r"no trial\.json"):
        genbench.Generator.load(tmp_path)


def test_digits_are_sampled_as_bytes(study, run_trial):
    planned = study(datasets=["digits"], overrides=["net=mlp", "evaluate.metrics=[neighbour_distance]"])
    (trial,) = planned.trials
    run_trial(planned.directory_of(trial))
    images = genbench.Generator.load(planned.directory_of(trial)).sample(5)
    assert (images.dtype, images.shape) == (torch.uint8, (5, 32, 32, 1))
