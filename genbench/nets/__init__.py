"""Architectures that all methods of a study share."""
