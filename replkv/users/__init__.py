"""
Who may do what, as values: users, their rights, and what is kept of their tokens.
"""
