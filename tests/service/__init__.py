"""
Tests for L{replkv.service}.
"""
