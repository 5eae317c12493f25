"""
The C{replkv} command.
"""
