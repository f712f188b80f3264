"""The clauses of a method's contract, one check each, by what they look at."""
