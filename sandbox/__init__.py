"""Stand-ins of Telegram's, X's and Dropbox's web APIs on loopback HTTP, for the demo and the tests."""
