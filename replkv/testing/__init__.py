"""
Clusters under simulation: real servers on simulated time, network and disks, all drawn from one seed.
"""
