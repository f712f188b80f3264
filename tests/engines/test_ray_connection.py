"""The way to Ray, without one: what is missing and what is no address is said in one line."""

import os
import sys
from types import SimpleNamespace

import pytest

from genbench.engines import ray_connection
from genbench.errors import GenbenchError


def a_ray(*, initialized=False):
    """As much of Ray as is asked before a connection."""
    return SimpleNamespace(is_initialized=lambda: initialized, shutdown=lambda: None)


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)  # which makes its import an ImportError
    monkeypatch.setattr(os, "environ", dict(os.environ))
    with pytest.raises(GenbenchError, match=r'^the Ray engine needs ray: pip install "genbench\[ray\]"$'):
        ray_connection.library(local=True)


@pytest.mark.parametrize("address", ["nowhere", ":6379", "host:port", "http://host:6379"])
def test_what_is_no_address_is_refused_before_ray_looks_for_it(address):
    with pytest.raises(GenbenchError) as refused:
        ray_connection.connect(a_ray(), address, cpus=1)
    assert str(refused.value) == (
        f"there is no Ray cluster to connect to at '{address}': an address is HOST:PORT, as 'ray start --head' prints"
        " it, or auto; start one with 'ray start --head', or leave --ray-address out"
    )


def test_a_process_that_is_connected_already_is_told_what_to_do():
    with pytest.raises(GenbenchError, match=r"call ray\.shutdown\(\) first$"):
        ray_connection.connect(a_ray(initialized=True), None, cpus=1)
