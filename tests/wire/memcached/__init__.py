"""
Tests for memcached's protocol as bytes.
"""
