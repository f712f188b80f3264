"""The address of a tracking server, as the environment names it: whether it can be one at all."""

from __future__ import annotations

import os
import re
from importlib.metadata import entry_points
from urllib.parse import SplitResult, urlsplit

from genbench.errors import GenbenchError

SERVER = "MLFLOW_TRACKING_URI"
"""The environment variable of MLflow that names a tracking server; unset: the store is a file in the results folder."""
SCHEMES = ("http", "https", "sqlite", "postgresql", "mysql", "mssql", "file", "databricks", "databricks-uc", "uc")
"""Of the addresses that MLflow takes, besides those of its plugins; a database's may also name a driver after a `+`."""


def check_address() -> None:
    """Raise GenbenchError where MLFLOW_TRACKING_URI is no address that MLflow could take, whatever answers there."""
    address = os.environ.get(SERVER, "")
    if reason := _wrong_with(address):
        raise GenbenchError(
            f"{SERVER} is no address of a tracking server: {reason}; it is to look like http://HOST:PORT, or unset it"
            " to keep MLflow's store in the results folder"
        )


def _wrong_with(address: str) -> str:
    """Why MLflow could never take an address, in words that hold no part of it: there may be a password in it."""
    if re.fullmatch(r"[\w.-]+:\d+(/.*)?", address):
        return "http:// is missing"
    try:
        parts = urlsplit(address)
    except ValueError:
        return "its host is no name and no address"
    scheme = parts.scheme.partition("+")[0]
    if scheme in ("http", "https"):
        return _wrong_with_host(address, parts)
    known = {*SCHEMES, *(plugin.name for plugin in entry_points(group="mlflow.tracking_store"))}
    if not scheme or scheme in known or parts.scheme in known:
        return ""
    return f"it begins with none of {', '.join(sorted(known))}"


def _wrong_with_host(address: str, parts: SplitResult) -> str:
    if re.search(r"\s", address.lstrip()):
        return "there is a blank in it"
    if not parts.hostname:
        return "it names no host"
    try:
        return "" if parts.port != 0 else "its port is 0"
    except ValueError:
        return "its port is no number up to 65535"
