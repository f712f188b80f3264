"""Engines start workers, watch them, and try again what was killed."""
