"""
C{replkv sim}: runs simulations, one that tells its story or thousands at once, and makes the best of those that fail.
"""
