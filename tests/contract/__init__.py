"""`make contract`: our sources read real servers of the networks, and our stand-ins answer as those do.

It is no part of `make test`, since Bluesky's own servers are half a gigabyte; what they answered is kept in
tests/contract/bluesky/answers.json.
"""
