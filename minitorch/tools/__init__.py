"""Pictures and summaries of networks and runs."""
