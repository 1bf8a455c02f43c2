"""Test vectors: published figures, reckoned through the venue's own door."""
