"""
Tests for L{replkv.commands}.
"""
