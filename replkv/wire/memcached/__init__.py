"""
memcached's protocol as bytes, its text and its meta commands: no sockets, no time.
"""
