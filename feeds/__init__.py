"""What the market did: tick files and synthetic flow, as commands for the venue."""
