"""Nested mappings of settings survive splitting, merging and flattening."""

from genbench.config.nested import flatten, merge, split
from genbench.config.settings import DataSettings, NetSettings, Settings


def test_merging_keeps_both_sides_of_a_section():
    merged = merge({"train": {"batch": 2}, "seeds": {}}, {"train": {"log_every": 3}, "threads": 1})
    assert merged == {"train": {"batch": 2, "log_every": 3}, "seeds": {}, "threads": 1}


def test_flattening_gives_dotted_names():
    assert flatten({"train": {"batch": 2}, "threads": 1}, "settings.") == {
        "settings.train.batch": 2,
        "settings.threads": 1,
    }


def test_a_setting_that_came_later_enters_a_trial_where_it_has_another_value_than_its_default():
    def net(**changes):
        chosen = Settings(method=None, data=DataSettings(), net=NetSettings(**changes))
        return split(chosen)[0]["net"]

    assert "critic_norm" not in net()
    assert net(critic_norm="spectral")["critic_norm"] == "spectral"
    assert set(net()) == {"latent", "prior", "width"}
