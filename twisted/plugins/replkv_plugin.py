"""
Makes C{twistd replkv} known to twistd.
"""

from twisted.application.service import ServiceMaker

replkv = ServiceMaker("replkv", "replkv.tap", "A server of a replicated key-value store.", "replkv")
