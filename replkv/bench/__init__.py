"""
A load on a cluster, and what came of it: the generator of C{replkv bench} and of C{make bench}.
"""
