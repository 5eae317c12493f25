"""
Where the consensus, the disk, the state machine, the peers and the clients meet.
"""
