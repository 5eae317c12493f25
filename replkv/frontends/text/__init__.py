"""
The text protocol over TCP.
"""
