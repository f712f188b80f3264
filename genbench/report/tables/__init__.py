"""The tables of a report, one module each."""
