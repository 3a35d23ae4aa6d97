"""The engine: one turn of a call. What is said at a place is the place's own (`ivr.places`).

trail       the way back: where star leads
escalation  silence, unused keys and circles: how callers who are stuck get help
debounce    keys that were meant for an earlier reply, and so are ignored
call        the engine: one turn of a call
"""
