"""
Tests for C{benchmarks}.
"""
