"""What people run: the command line, scenarios, run folders, and the stories of liquidations."""
