"""
Who was who, and could do what, as far as those know who have changed it: the evidence, and what follows from it. It
shares nothing with what it judges.
"""
