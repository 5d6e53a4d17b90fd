"""Stand-ins of the web APIs of Telegram, Dropbox and the networks on loopback HTTP, for the demo and the tests."""
