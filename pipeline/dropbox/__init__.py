"""Dropbox, where the datasets go."""

TIMEOUT_S = 30
"""How long a request may wait for each piece of Dropbox's answer. Here, since importing the client takes 140 MB."""
