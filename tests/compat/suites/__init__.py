"""
The suites: a module for each.
"""
