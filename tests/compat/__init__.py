"""
What programs that replkv's authors have not written make of its memcached port, next to memcached: C{make compat}.

Here stands what starts the servers, runs these programs' own tests, and counts. What they need is installed elsewhere,
into an environment of their own: nothing here imports it but L{tests.compat.settings}, which runs in there.
"""
