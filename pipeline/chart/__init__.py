"""The chart of a comparison: its picture in one of several views, and its caption."""
