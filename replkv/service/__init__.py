"""
A server as a service: what it takes from the machine, and how it starts and ends.
"""
