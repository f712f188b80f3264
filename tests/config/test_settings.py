"""Settings: every one says what it means, and a value may say where it comes from."""

from dataclasses import fields

import pytest

from genbench.config import settings
from genbench.config.field import cite, plain
from genbench.config.settings import DataSettings, NetSettings


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


def test_a_cited_value_is_its_value():
    assert plain({"lr": cite(1e-3, "a paper"), "widths": (1.0,)}) == {"lr": 1e-3, "widths": (1.0,)}
