"""
What the pieces on the way of every command take by themselves.
"""
