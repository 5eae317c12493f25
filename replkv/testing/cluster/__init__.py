"""
Whole servers over byte streams: all that runs in production, but for the system under it.
"""
