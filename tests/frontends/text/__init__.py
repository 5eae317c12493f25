"""
Tests for L{replkv.frontends.text}.
"""
