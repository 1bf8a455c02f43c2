"""Experiments: questions that take many runs, answered by the venue itself and told as a table."""
