"""
Tests for L{replkv.cli}.
"""
