"""Callback requests: what was asked, when callers can be rung, how requests end, and the limits of all that.

diary     when callers can be rung: windows and promises
request   a callback request: its callers, and what follows for all of them
asking    asking for a call back: a wish is saved, and joined with what its phone asked for already
callback  the life cycle of a request: claimed, tried, moved, put back, ended
capacity  slots in each part of a day, and where they are lowered for a day
limits    what one call, one phone and one day may ask for
talks     calls between advisers and callers: while one lasts, the request stays theirs
spending  what the line may cost in a day
flood     many callers at once, and taking their requests out together
kept      whether callers were rung within what they heard
came      what came of a talk: the answers that are counted
another_phone  another number for a caller who waits, and the earlier one put back
handing   handing a request over, taking one back, writing one down by hand
"""
