"""Contenders and conditions: a method's own settings make another contender, shared ones another condition."""

from study_folders import a_record

from genbench.report.stats import contenders
from genbench.trial.collected import frame


def named(*records):
    return contenders.name(frame(list(records)))


def test_a_variant_is_part_of_the_name():
    found = named(a_record("gan"), a_record("gram/flow"))
    assert found.records["contender"].tolist() == ["gan", "gram/flow"]
    assert found.records["condition"].tolist() == ["", ""]


def test_a_methods_own_setting_that_varies_makes_contenders_of_that_method_alone():
    found = named(
        *(a_record("gram", settings={"method.lr": lr}) for lr in (1e-3, 1e-4)),
        a_record("gan", settings={"method.lr": 5e-5}),
    )
    assert found.records["contender"].tolist() == ["gram lr=0.001", "gram lr=0.0001", "gan"]
    assert list(found.own) == ["settings.method.lr"]


def test_a_shared_setting_that_varies_makes_conditions():
    found = named(
        *(a_record(method, settings={"net.latent": latent}) for latent in (2, 8) for method in ("gan", "gram"))
    )
    assert found.records["condition"].tolist() == ["latent=2", "latent=2", "latent=8", "latent=8"]
    assert set(found.records["contender"]) == {"gan", "gram"}
    assert list(found.shared) == ["settings.net.latent"]


def test_naming_leaves_the_records_as_they_are():
    records = frame([a_record("gan")])
    before = records.copy()
    contenders.name(records)
    assert records.equals(before)
