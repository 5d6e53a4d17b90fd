"""How the day's money and requests are divided: arithmetic alone, with no store and no network."""
