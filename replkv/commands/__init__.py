"""
What clients can ask of the cluster, and what can come of it, as values: one file for each command.

A command's class says all that is its own: its word and its arguments, what it is good for, and of a command that
changes something, how it stands in the log and what it does to the state.
"""
