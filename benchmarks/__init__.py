"""
How fast replkv is, beside others and beside itself.
"""
