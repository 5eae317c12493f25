"""
Tests for L{replkv.wire}.
"""
