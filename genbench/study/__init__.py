"""Studies: planned, checked and run; how they stand is read only from their files."""
