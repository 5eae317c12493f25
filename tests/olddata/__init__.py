"""
Data folders that earlier versions have left, kept so that they stay readable.
"""
