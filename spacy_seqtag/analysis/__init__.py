"""What a pipeline gets right and wrong on a corpus: outcome by outcome, with intervals."""
