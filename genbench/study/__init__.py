"""Studies: planned, checked, run, told of by their files alone."""
