"""The doctor: looks at every setting and service, and says what is wrong and what to do."""
