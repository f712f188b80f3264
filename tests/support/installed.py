"""Which installed methods the long tests of every method are about: the first four, and the toy beside them."""

from genbench.contract import registry

FIRST = ("toy", "gan", "mmdnet", "mmdgan", "gram")
METHODS = [entry.name for entry in registry.installed("methods") if not entry.problem and entry.name in FIRST]
"""The methods of requirements-zoo.txt keep the same clauses of the contract, which are cheaper."""
