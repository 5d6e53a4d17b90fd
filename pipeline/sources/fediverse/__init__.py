"""The fediverse: accounts on many servers, each asked by Mastodon's API, and all through one guarded connection."""
