"""The contracts: of a method, a data set, a metric, an extractor; hooks, the registry of plugins, and what a trainer is
given.
"""
