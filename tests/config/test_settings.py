"""Settings: every one says what it means, and nested mappings survive flattening."""

from dataclasses import fields

import pytest

from genbench.config import settings
from genbench.config.field import cite, plain
from genbench.config.settings import DataSettings, NetSettings, flatten, merge


@pytest.mark.parametrize(
    "config",
    [
        DataSettings,
        NetSettings,
        settings.TrainSettings,
        settings.EvaluateSettings,
        settings.FeatureSettings,
        settings.SeedSettings,
    ],
)
def test_every_setting_of_the_core_says_what_it_means(config):
    assert all(f.metadata["help"] for f in fields(config))


def test_merging_keeps_both_sides_of_a_section():
    merged = merge({"train": {"batch": 2}, "seeds": {}}, {"train": {"log_every": 3}, "threads": 1})
    assert merged == {"train": {"batch": 2, "log_every": 3}, "seeds": {}, "threads": 1}


def test_flattening_gives_dotted_names():
    assert flatten({"train": {"batch": 2}, "threads": 1}, "settings.") == {
        "settings.train.batch": 2,
        "settings.threads": 1,
    }


def test_a_cited_value_is_its_value():
    assert plain({"lr": cite(1e-3, "a paper"), "widths": (1.0,)}) == {"lr": 1e-3, "widths": (1.0,)}


def test_a_setting_that_came_later_enters_a_trial_where_it_has_another_value_than_its_default():
    def net(**changes):
        chosen = settings.Settings(method=None, data=DataSettings(), net=NetSettings(**changes))
        return settings.split(chosen)[0]["net"]

    assert "critic_norm" not in net()
    assert net(critic_norm="spectral")["critic_norm"] == "spectral"
    assert set(net()) == {"latent", "prior", "width"}
