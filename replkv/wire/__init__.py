"""
The text protocol as bytes: no sockets, no time.
"""
