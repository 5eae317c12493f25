"""
memcached's protocol over TCP.
"""
