"""
Tests for L{replkv.frontends.memcached}.
"""
