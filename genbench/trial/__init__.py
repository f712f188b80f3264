"""A trial and its folder: what is run, its record, its checkpoints, its log, its lock."""
