"""The report on a period, and where callers give up: from counts in which nobody can be recognised.

demand   what is counted of calls: how many came and when, and what nobody could give them
periods  the months, quarters and school years of the report
figures  which counts are shown, and which are hidden so that nobody can be recognised
hourly   calls by hour of the week, as a plot
report   the tables of a month, a quarter or a school year, each with what it counts
dropoff  where callers give up: visits, errors and hang-ups, counted by place and day
"""
