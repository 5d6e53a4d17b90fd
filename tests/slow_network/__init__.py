"""A network made up for the tests whose servers, which anybody may name, may hang."""
