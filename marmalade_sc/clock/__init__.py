"""Time: timetags, timelines, and the clocks that say what time it is."""
