"""A network made up for the tests, and the shortest example of one: a folder like this and a line in the registry."""
