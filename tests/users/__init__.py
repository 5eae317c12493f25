"""
Tests for users and their rights.
"""
