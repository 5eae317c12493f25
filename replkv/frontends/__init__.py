"""
What clients talk to.
"""
