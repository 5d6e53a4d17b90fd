"""Stand-ins of the three web APIs on loopback HTTP, for the demo and the tests."""
