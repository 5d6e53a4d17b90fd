"""Prints the time zone at a place: `python -m bot.gazetteer.locate LONGITUDE LATITUDE`.

The bot runs it as a process of its own, since the borders of all zones take 33 MB, which no import gives back.
"""

import sys

import tzfpy

if __name__ == "__main__":
    longitude, latitude = map(float, sys.argv[1:])
    sys.stdout.write(tzfpy.get_tz(longitude, latitude))
