"""
Tests for L{replkv.bench}.
"""
