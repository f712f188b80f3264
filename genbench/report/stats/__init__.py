"""From records to verdicts: contenders, outcomes, paired comparisons, tests."""
