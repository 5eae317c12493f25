"""
What is measured: replkv, and its peers.
"""
