"""Composition: layers, overrides, sweeps, and what is said about wrong ones."""

from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genbench.config.compose import Override, Schema, compose, parse
from genbench.config.field import cite, setting
from genbench.config.nested import merge, split
from genbench.config.settings import DataSettings, NetSettings, TrainSettings, restore
from genbench.config.typecheck import defaults
from genbench.errors import GenbenchError, SettingsError, UnknownNameError
from genbench.errors.shown import plain


@dataclass(frozen=True, kw_only=True)
class Config:
    lr: float = setting(1e-3, "learning rate", source="a paper", above=0)
    widths: tuple[float, ...] = setting((1.0, 2.0), "widths")
    steps: int = setting(1, "steps", at_least=1)
    objective: Literal["pearson", "pearson-clip"] = setting("pearson", "objective")
    features: int | None = setting(None, "features")
    sqrt: bool = setting(True, "root")
    beta: float = setting(0.5, "decay", at_least=0, below=1)


@dataclass(frozen=True, kw_only=True)
class Strict:
    low: int = setting(1, "low")
    high: int = setting(2, "high")

    def __post_init__(self):
        if self.low > self.high:
            raise ValueError(f"low ({self.low}) is above high ({self.high})")


def schema(*layers, config=Config):
    return Schema("gram", config, "ring", DataSettings, "mlp", NetSettings, [{"train.images": 100}, *layers])


def only(*words, config=Config, layers=()):
    (point,) = compose(schema(*layers, config=config), parse(words), ["gram", "gan"])
    return restore(merge(point.settings, point.running), config, DataSettings, NetSettings)


def test_without_overrides_the_classes_defaults_come_back():
    chosen = only()
    assert chosen.method == Config()
    assert chosen.net == NetSettings()
    assert chosen.train.images == 100


def test_later_layers_win_and_the_command_line_wins_over_all():
    layers = [{"method.lr": cite(0.1, "data set")}, {"method.lr": cite(0.2, "variant"), "method.widths": (3.0,)}]
    assert only(layers=layers).method == Config(lr=0.2, widths=(3.0,))
    assert only("gram.lr=0.3", layers=layers).method.lr == 0.3


def test_a_composition_leaves_nothing_behind_in_the_next_one_of_the_same_classes():
    changed = only("gram.steps=5", "gram.widths=[7]", layers=[{"method.lr": 0.1, "train.batch": 3}])
    assert (changed.method, changed.train.batch) == (Config(lr=0.1, widths=(7.0,), steps=5), 3)
    unchanged = only()
    assert (unchanged.method, unchanged.train) == (Config(), TrainSettings(images=100))


@pytest.mark.parametrize(
    ("word", "name", "value"),
    [
        ("gram.lr=1e-4", "lr", 1e-4),
        ("gram.lr=1", "lr", 1.0),
        ("gram.widths=[0.5,8]", "widths", (0.5, 8.0)),
        ("gram.objective=pearson-clip", "objective", "pearson-clip"),
        ("gram.features=10", "features", 10),
        ("gram.features=null", "features", None),
        ("gram.sqrt=false", "sqrt", False),
    ],
)
def test_values_arrive_with_the_type_of_their_field(word, name, value):
    got = getattr(only(word).method, name)
    assert got == value
    assert type(got) is type(value)


def test_an_override_of_another_method_of_the_study_is_passed_over():
    assert only("gan.lr=0.5").method == Config()


def test_a_sweep_is_the_product_of_its_values():
    points = compose(schema(), parse(["gram.lr=0.1,0.2", "net.latent=range(2,5)"]), ["gram"])
    assert [(p.swept["gram.lr"], p.swept["net.latent"]) for p in points] == [
        (a, b) for a in (0.1, 0.2) for b in (2, 3, 4)
    ]


def test_a_sweep_over_lists_keeps_each_list_whole():
    points = compose(schema(), parse(["gram.widths=[1],[1,2]"]), ["gram"])
    assert [p.settings["method"]["widths"] for p in points] == [[1.0], [1.0, 2.0]]


@pytest.mark.parametrize(
    ("word", "error", "said"),
    [
        ("train.bach=3", UnknownNameError, "did you mean 'train.batch'"),
        ("gram.lrr=3", UnknownNameError, "did you mean 'gram.lr'"),
        ("grom.lr=3", UnknownNameError, "did you mean 'gram.lr'"),
        ("seed=3", UnknownNameError, "--seeds"),
        ("gram.lr=abc", SettingsError, "gram.lr.*abc"),
        ("gram.steps=1.5", SettingsError, "gram.steps.*1.5"),
        ("gram.steps=0", SettingsError, "gram.steps must be at least 1, got 0"),
        ("gram.lr=0", SettingsError, "gram.lr must be above 0"),
        ("gram.lr=nan", SettingsError, "finite"),
        ("gram.beta=1", SettingsError, "gram.beta must be below 1, got 1"),
        ("gram.objective=person", SettingsError, "pearson-clip"),
        ("gram.widths=3", SettingsError, "gram.widths"),
        ("gram.widths=[a]", SettingsError, "gram.widths"),
        ("train.precision=fp16", SettingsError, "bf16"),
        ("train.images=-1", SettingsError, "at least 1"),
        ("train=3", UnknownNameError, "train"),
        ("threads=two", SettingsError, "threads"),
        ("train.batch", SettingsError, "key=value"),
        ("+train.new=1", SettingsError, "not added"),
        ("~train.batch=1", SettingsError, "cannot read"),
        ("train.batch=[", SettingsError, "cannot read"),
        ("=3", SettingsError, "cannot read"),
        ("train.ba.tch.es=1", UnknownNameError, "train.batch"),
        ("train.images=null", SettingsError, "no budget"),
    ],
)
def test_a_wrong_override_is_named_with_what_was_possible(word, error, said):
    with pytest.raises(error, match=said):
        only(word)


def test_a_setting_given_twice_is_refused():
    with pytest.raises(SettingsError, match="2 times"):
        parse(["gram.lr=1", "gram.lr=2"])


def test_a_sweep_over_an_unknown_key_is_refused():
    with pytest.raises(UnknownNameError):
        compose(schema(), parse(["gram.lrr=1,2"]), ["gram"])


def test_a_value_error_of_the_settings_own_check_names_the_method():
    with pytest.raises(SettingsError, match=r"gram: low \(3\) is above high"):
        only("gram.low=3", config=Strict)


def test_a_preset_of_a_setting_that_does_not_exist_is_named():
    with pytest.raises(UnknownNameError, match=r"gram\.rate"):
        only(layers=[{"method.rate": 1.0}])


def test_a_field_without_a_default_and_a_field_of_a_strange_type_are_named():
    @dataclass(frozen=True, kw_only=True)
    class Bare:
        lr: float

    @dataclass(frozen=True, kw_only=True)
    class Strange:
        lr: complex = 1j

    with pytest.raises(SettingsError, match="no default"):
        defaults(Bare)
    with pytest.raises(SettingsError, match="complex"):
        defaults(Strange)


def test_splitting_and_merging_loses_nothing_and_keeps_running_settings_out_of_the_numbers():
    chosen = only("device=cpu", "threads=2", "train.log_every=7")
    numbers, running = split(chosen)
    assert restore(merge(numbers, running), Config, DataSettings, NetSettings) == chosen
    assert running["threads"] == 2
    assert running["train"]["log_every"] == 7
    assert "log_every" not in numbers["train"]
    assert "device" not in numbers


def test_a_planned_trial_with_a_setting_of_another_version_is_named():
    numbers, running = split(only())
    numbers["train"]["gone"] = 1
    with pytest.raises(SettingsError, match="gone"):
        restore(merge(numbers, running), Config, DataSettings, NetSettings)


def refusal(call):
    """What is said when the call is refused, or an empty string."""
    try:
        call()
    except GenbenchError as error:
        return str(error)
    return ""


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=30))
def test_any_word_is_read_or_refused_in_one_line(word):
    assert "\n" not in refusal(lambda: parse([word]))


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["gram.lr", "gram.widths", "gram.objective", "train.batch", "data.root", "net.prior", "device"]),
    st.text(max_size=20),
)
def test_any_value_is_taken_or_refused_in_one_line(key, value):
    assert "\n" not in refusal(lambda: compose(schema(), parse([f"{key}={value}"]), ["gram"])).replace(plain(value), "")


def test_an_override_that_was_read_already_is_taken_as_it_is():
    override = Override("data.root", ("a 'strange', [folder]",))
    assert parse(["train.batch=2", override])[1] is override
    with pytest.raises(SettingsError, match="2 times"):
        parse(["data.root=x", override])


REFERENCES = [
    "${oc.env:GENBENCH_SECRET}",
    "${oc.env:GENBENCH_SECRET,x}",
    "x-${oc.env:GENBENCH_SECRET}-y",
    "${oc.decode:${oc.env:GENBENCH_SECRET}}",
    "${oc.create:{a:1}}",
    "${oc.deprecated:train.batch}",
    "${oc.dict.keys:train}",
    "${oc.select:train.batch}",
    "${hydra:runtime.cwd}",
    "${train.batch}",
    "${.name}",
    "\\${oc.env:GENBENCH_SECRET}",
    "\\\\${oc.env:GENBENCH_SECRET}",
    "${",
    "$${oc.env:GENBENCH_SECRET}",
]


ONE = REFERENCES[0]


@pytest.mark.parametrize(
    ("key", "values"),
    [
        *(("data.root", (reference,)) for reference in REFERENCES),
        *((key, (ONE,)) for key in ("features.weights", "device", "gram.lr", "train.batch", "evaluate.metrics")),
        ("evaluate.metrics", ([ONE],)),
        ("evaluate.metrics", ([["x", [ONE]]],)),
        ("data.root", ({"a": {ONE: 1}},)),
        ("data.root", ("x", ONE)),
    ],
)
def test_a_value_that_refers_to_another_is_refused_and_nothing_is_looked_up(monkeypatch, key, values):
    monkeypatch.setenv("GENBENCH_SECRET", "7")
    with pytest.raises(SettingsError, match=rf"{key}: .* refers to another value .* write the value itself"):
        compose(schema(), [Override(key, values)], ["gram"])


@pytest.mark.parametrize("word", ["data.root={}", "data.root='{}'", "evaluate.metrics=[{}]", "data.root=a,{}"])
def test_a_word_of_the_command_line_that_refers_to_another_value_is_refused(monkeypatch, word):
    monkeypatch.setenv("GENBENCH_SECRET", "a-secret")
    for reference in (ONE, REFERENCES[3], REFERENCES[11]):
        with pytest.raises(SettingsError) as error:
            compose(schema(), parse([word.replace("{}", reference)]), ["gram"])
        assert "a-secret" not in str(error.value)


@pytest.mark.parametrize("layer", [{"data.root": ONE}, {"method.lr": "${train.batch}"}, {"net.width": ["${x}"]}])
def test_a_preset_that_refers_to_another_value_is_refused_too(layer):
    with pytest.raises(SettingsError, match="refers to another value"):
        compose(schema(layer), [], ["gram"])


def test_a_default_that_refers_to_another_value_is_refused_too():
    @dataclass(frozen=True)
    class Referring:
        lr: str = "${oc.env:HOME}"

    with pytest.raises(SettingsError, match=r"gram\.lr: .* refers to another value"):
        compose(schema(config=Referring), [], ["gram"])


def test_texts_words_and_lists_are_limited():
    for value in ("a" * 100_000, ["a"] * 100_000):
        with pytest.raises(SettingsError, match="at most") as error:
            compose(schema(), [Override("data.root", (value,))], ["gram"])
        assert len(str(error.value)) < 700
    with pytest.raises(SettingsError, match="100,010 characters") as error:
        parse(["data.root=" + "a" * 100_000])
    assert len(str(error.value)) < 700
    with pytest.raises(SettingsError, match="'a' is set 50000 times"):
        parse([Override("a", (1,))] * 50_000)
