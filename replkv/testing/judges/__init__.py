"""
The promises that L{replkv.testing.judge.Judge} holds the servers of a cluster to, one kind in each module.
"""
