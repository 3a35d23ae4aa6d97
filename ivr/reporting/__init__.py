"""The report on a period, from counts of which none can tell of a person.

demand   what is counted of calls: how many came and when, and what nobody could give them
periods  the months, quarters and school years of the report
figures  what is told of a count, so that no small one can be told from it
hourly   calls by hour of the week, as a plot
report   what is told of a month, a quarter or a school year, in tables that say what they count
dropoff  where callers give up: visits, errors and hang-ups, counted by place and day
"""
